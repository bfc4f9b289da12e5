import { percent } from '../words';

/** A score against its threshold. The accent means "at or above it", nothing else. */
export function Score({ score, threshold, large = false }: { score: number | null; threshold: number; large?: boolean }) {
  if (score === null) {
    return (
      <span class="score score-none" title="Too young or too idle to be scored">
        <span class="score-number">–</span>
        <span class="bar" aria-hidden="true" />
      </span>
    );
  }
  const above = score >= threshold;
  return (
    <span class={`score${above ? ' score-above' : ''}${large ? ' score-large' : ''}`} title={`Score ${percent(score, 1)}; alerts at ${percent(threshold)}`}>
      <span class="score-number">{percent(score)}</span>
      <span class="bar" aria-hidden="true">
        <span class="bar-fill" style={{ width: `${100 * Math.max(score, 0.004)}%` }} />
        <span class="bar-tick" style={{ left: `${100 * threshold}%` }} />
      </span>
    </span>
  );
}
