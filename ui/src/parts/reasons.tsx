import type { Reason } from '../api';
import { percent, points, safe } from '../words';

/** Why, by group of features: words, and how many points of the score each adds or takes. */
export function Reasons({ reasons, base, score }: { reasons: Reason[]; base: number | null; score: number | null }) {
  if (reasons.length === 0) return <p class="quiet">Too young or too idle to be scored: there is nothing to explain yet.</p>;
  const most = Math.max(0.05, ...reasons.map((reason) => Math.abs(reason.contribution)));
  const both = reasons.some((reason) => Math.round(100 * reason.contribution) < 0);
  return (
    <>
      <ul class={`reasons${both ? ' reasons-both' : ''}`}>
        {reasons.map((reason) => {
          const share = (100 * Math.abs(reason.contribution)) / most;
          const raises = reason.contribution > 0;
          return (
            <li key={reason.group} class={`reason ${raises ? 'raises' : 'lowers'}`}>
              <span class="reason-text">
                <span class="reason-group">{safe(reason.group)}</span>
                <span class="reason-words">{safe(reason.text)}</span>
              </span>
              <span class="reason-bar" aria-hidden="true">
                <span class="reason-fill" style={both ? { width: `${share / 2}%`, [raises ? 'left' : 'right']: '50%' } : { width: `${share}%`, left: '0' }} />
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
