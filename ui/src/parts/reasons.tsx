import type { Reason } from '../api';
import { percent, points, prose, safe } from '../words';

/** Why, by group of features: words, and how many points of the score each adds or takes. */
export function Reasons({ reasons, base, score }: { reasons: Reason[]; base: number | null; score: number | null }) {
  if (reasons.length === 0) return <p class="quiet">Too young or too idle to be scored: there is nothing to explain yet.</p>;
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
              <span class="reason-points number" aria-label={`${points(reason.contribution)} points`}>
                {points(reason.contribution)}
              </span>
            </li>
          );
        })}
      </ul>
      <p class="note">
        {base !== null && score !== null && `Points of the score: with nothing known it is ${percent(base)}; the groups add up to ${percent(score)}. `}
        These are associations that the model learned, never proof.
      </p>
    </>
  );
}
