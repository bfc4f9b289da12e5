import type { Reason, Unit } from '../api';
import { list, percent, points, prose, safe } from '../words';

const kHardly = 0.005; // below half a point a group is named, not shown

/** How much a group adds: points of the score, or log odds, each with its sign. */
function added(contribution: number, unit: Unit): string {
  if (unit === 'score') return points(contribution);
  return `${contribution < 0 ? '−' : '+'}${Math.abs(contribution).toFixed(2)}`;
}

function ending(unit: Unit, base: number | null, score: number | null): string {
  if (base === null || score === null) return '';
  if (unit === 'score') return `Points of the score: with nothing known it is ${percent(base)}; the groups add up to the ${percent(score)} of its window. `;
  return `In log odds of a miner: with nothing known they are ${base.toFixed(2)}; with all groups its window scores ${percent(score)}. `;
}

/** "Origin, accounting and memory hardly count here." */
function hardly(reasons: Reason[]): string {
  const names = reasons.map((reason) => safe(reason.group));
  if (names.length === 0) return '';
  return `Hardly counting here: ${list(names)}. `;
}

/**
 * Why, by group of features: words, and how many points of the window's score each adds or takes. Above the threshold what speaks
 * for mining comes first, as the server has it; below, what counts most.
 */
export function Reasons({ reasons: given, unit, base, score, above }: { reasons: Reason[]; unit: Unit | null; base: number | null; score: number | null; above: boolean }) {
  const strength = (reason: Reason) => Math.abs(reason.contribution);
  const reasons = given.filter((reason) => strength(reason) >= kHardly);
  if (!above) reasons.sort((a, b) => strength(b) - strength(a));
  if (given.length === 0) return <p class="quiet">Too young or too idle to be scored: there is nothing to explain yet.</p>;
  if (unit === null) return <p class="quiet">{given.map((reason) => prose(reason.text)).join('; ')}.</p>;
  // One axis for all: as much room to either side of zero as the largest bar there needs.
  const up = Math.max(0.05, ...reasons.map((reason) => reason.contribution));
  const down = Math.max(0, ...reasons.map((reason) => -reason.contribution));
  const zero = (100 * down) / (up + down);
  return (
    <>
      <ul class="reasons">
        {reasons.map((reason) => {
          const width = `${(100 * Math.abs(reason.contribution)) / (up + down)}%`;
          const raises = reason.contribution > 0;
          return (
            <li key={reason.group} class={`reason ${raises ? 'raises' : 'lowers'}`}>
              <span class="reason-text">
                <span class="reason-group">{safe(reason.group)}</span>
                <span class="reason-words">{prose(reason.text)}</span>
              </span>
              <span class="reason-bar" aria-hidden="true">
                <span class="reason-zero" style={{ left: `${zero}%` }} />
                <span class="reason-fill" style={raises ? { width, left: `${zero}%` } : { width, right: `${100 - zero}%` }} />
              </span>
              <span class="reason-points number" aria-label={`${added(reason.contribution, unit)} ${unit === 'score' ? 'points' : unit}`}>
                {added(reason.contribution, unit)}
              </span>
            </li>
          );
        })}
      </ul>
      <p class="note">
        {hardly(given.filter((reason) => strength(reason) < kHardly))}
        {ending(unit, base, score)}
        These are associations that the model learned, never proof.
      </p>
    </>
  );
}
