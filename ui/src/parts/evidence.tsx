import { useMemo } from 'preact/hooks';
import type { Rounding, SlicePoint, Workload } from '../api';
import { bytes, count, cpus, percent, quantity } from '../words';
import { Chart } from './chart';

type Numeric = 'score' | 'cpus' | 'rss_kib' | 'messages_in' | 'messages_out' | 'bytes_in' | 'bytes_out';

const column = (series: SlicePoint[], name: Numeric) => series.map((point) => point[name]);

function range(values: (number | null)[], format: (value: number) => string): string {
  const known = values.filter((value): value is number => value !== null);
  if (known.length === 0) return 'nothing known';
  const last = known.at(-1) as number;
  return `${format(last)} now, between ${format(Math.min(...known))} and ${format(Math.max(...known))} in the last ten minutes`;
}

const kModes: { key: keyof Rounding; name: string }[] = [
  { key: 'nearest', name: 'nearest' },
  { key: 'down', name: 'down' },
  { key: 'up', name: 'up' },
  { key: 'zero', name: 'toward zero' },
];

/** RandomX keeps changing the rounding mode; nearly everything else stays at "nearest". */
function RoundingModes({ rounding }: { rounding: Rounding }) {
  const total = kModes.reduce((sum, mode) => sum + rounding[mode.key], 0);
  const told = kModes.map((mode) => `${mode.name} ${total ? percent(rounding[mode.key] / total) : '–'}`).join(', ');
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">Rounding mode</span>
        <span class="chart-value">
          {total === 0 ? 'not sampled: too little CPU time, or not seen on this host' : `${count(total)} samples at context switches`}
        </span>
      </figcaption>
      {total > 0 && (
        <>
          <div class="stack" role="img" aria-label={`Rounding mode: ${told}`}>
            {kModes.map((mode) => (
              <span key={mode.key} class={`stack-${mode.key}`} style={{ width: `${(100 * rounding[mode.key]) / total}%` }} />
            ))}
          </div>
          <ul class="stack-key" aria-hidden="true">
            {kModes.map((mode) => (
              <li key={mode.key}>
                <span class={`swatch stack-${mode.key}`} /> {mode.name} <b class="number">{percent(rounding[mode.key] / total)}</b>
              </li>
            ))}
          </ul>
        </>
      )}
    </figure>
  );
}

/** What the program did, slice by slice: the same ten minutes that the score looks at. */
export function Evidence({ workload }: { workload: Workload }) {
  const { series, threshold } = workload;
  const times = useMemo(() => series.map((point) => Date.parse(point.time) / 1000), [series]);
  const lines = useMemo(() => {
    const line = (name: string, key: Numeric, colour: 'flame' | 'ink' | 'soft', fill = false) => ({ name, values: column(series, key), colour, fill });
    return {
      score: [line('score', 'score', 'flame', true)],
      cpu: [line('CPUs', 'cpus', 'ink', true)],
      talk: [line('in', 'messages_in', 'ink'), line('out', 'messages_out', 'soft')],
      data: [line('in', 'bytes_in', 'ink'), line('out', 'bytes_out', 'soft')],
      memory: [{ name: 'resident', values: series.map((point) => (point.rss_kib === null ? null : point.rss_kib * 1024)), colour: 'ink' as const, fill: true }],
    };
  }, [series]);
  if (series.length === 0) return <p class="quiet">Nothing has been recorded yet.</p>;
  const whole = (value: number) => quantity(value);
  return (
    <div class="charts">
      <Chart title="Score" times={times} lines={lines.score} format={(v) => percent(v)} exactly={1} threshold={threshold} summary={range(column(series, 'score'), (v) => percent(v))} />
      <Chart title="CPU" times={times} lines={lines.cpu} format={cpus} at_least={1} summary={range(column(series, 'cpus'), (v) => `${cpus(v)} CPUs`)} />
      <Chart title="Messages per slice" times={times} lines={lines.talk} format={whole} at_least={4} summary={`received ${range(column(series, 'messages_in'), whole)}; sent ${range(column(series, 'messages_out'), whole)}`} />
      <Chart title="Bytes per slice" times={times} lines={lines.data} format={bytes} at_least={1024} summary={`in ${range(column(series, 'bytes_in'), bytes)}; out ${range(column(series, 'bytes_out'), bytes)}`} />
      <Chart title="Memory" times={times} lines={lines.memory} format={bytes} at_least={1 << 20} summary={range(lines.memory[0]?.values ?? [], bytes)} />
      <RoundingModes rounding={workload.rounding} />
    </div>
  );
}
