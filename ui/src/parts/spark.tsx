const kWidth = 72;
const kHeight = 20;
const kSlices = 60;

/** CPUs used over the last ten minutes, newest at the right; scaled to the host's busiest of them, at least one CPU. */
export function Spark({ trend, most }: { trend: number[]; most: number }) {
  if (trend.length < 2) return <svg class="spark" viewBox={`0 0 ${kWidth} ${kHeight}`} aria-hidden="true" />;
  const step = kWidth / (kSlices - 1);
  const from = kWidth - (trend.length - 1) * step;
  const at = (value: number, i: number) => `${(from + i * step).toFixed(1)},${(kHeight - 1 - (kHeight - 2) * Math.min(1, value / most)).toFixed(1)}`;
  const line = trend.map(at).join(' ');
  return (
    <svg class="spark" viewBox={`0 0 ${kWidth} ${kHeight}`} aria-hidden="true" preserveAspectRatio="none">
      <polygon class="spark-area" points={`${from.toFixed(1)},${kHeight} ${line} ${kWidth},${kHeight}`} />
      <polyline class="spark-line" points={line} />
    </svg>
  );
}
