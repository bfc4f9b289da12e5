import { useMemo, useState } from 'preact/hooks';
import type { Rounding, SlicePoint, Workload } from '../api';
import { bytes, clock, count, cpus, percent } from '../words';
import { Chart, type ChartProps, type Colour, type Line, type Scale } from './chart';

type Values = (number | null)[];

const kPowers = Array.from({ length: 40 }, (_, i) => 2 ** i);
const kWhole = [1, 2, 5].flatMap((n) => [0, 1, 2, 3, 4, 5, 6].map((e) => n * 10 ** e)).sort((a, b) => a - b);
const kShare: Scale = { format: (v) => percent(v), exactly: 1, increments: [0.5] };
const kCpus: Scale = { format: cpus, at_least: 1, increments: [0.25, ...kPowers.map((n) => n / 2)] };
const kCount: Scale = { format: (v) => count(Math.round(v)), at_least: 4, increments: kWhole };
const kBytes: Scale = { format: bytes, at_least: 1024, increments: kPowers };
const kMemory: Scale = { format: bytes, at_least: 1 << 20, increments: kPowers };

function range(values: Values, format: (value: number) => string): string {
  const known = values.filter((value): value is number => value !== null);
  if (known.length === 0) return 'nothing known';
  return `${format(known.at(-1) as number)} now, between ${format(Math.min(...known))} and ${format(Math.max(...known))} in the last ten minutes`;
}

const line = (name: string, values: Values, colour: Colour, fill = false): Line => ({ name, values, colour, fill });

/** Shares of the four rounding modes, a slice without samples left open. */
function rounding_lines(series: SlicePoint[]): Line[] {
  const share = (mode: number) =>
    series.map(({ rounding }) => {
      const total = rounding?.reduce((sum, n) => sum + n, 0) ?? 0;
      return rounding && total > 0 ? (rounding[mode] ?? 0) / total : null;
    });
  return [line('toward zero', share(3), 'ink', true), line('up', share(2), 'mid', true), line('down', share(1), 'soft', true), line('nearest', share(0), 'faint', true)];
}

function rounding_summary(rounding: Rounding): string {
  const total = rounding.nearest + rounding.down + rounding.up + rounding.zero;
  if (total === 0) return 'not sampled';
  const told = (n: number) => percent(n / total);
  return `nearest ${told(rounding.nearest)}, down ${told(rounding.down)}, up ${told(rounding.up)}, toward zero ${told(rounding.zero)} of ${count(total)} samples`;
}

type Row = Pick<ChartProps, 'title' | 'lines' | 'scale' | 'summary'> & Partial<Pick<ChartProps, 'threshold' | 'stacked'>>;

function rows_of({ series, score, threshold, rounding }: Workload): Row[] {
  const of = (key: 'score' | 'cpus' | 'messages_in' | 'messages_out' | 'bytes_in' | 'bytes_out') => series.map((point) => point[key]);
  const memory = series.map((point) => (point.rss_kib === null ? null : point.rss_kib * 1024));
  const above = score !== null && score >= threshold;
  const both = (a: Values, b: Values, format: (v: number) => string) => `in ${range(a, format)}; out ${range(b, format)}`;
  return [
    { title: 'Score', lines: [line('score', of('score'), above ? 'flame' : 'ink', true)], scale: kShare, threshold, summary: range(of('score'), kShare.format) },
    { title: 'CPUs', lines: [line('used', of('cpus'), 'ink', true)], scale: kCpus, summary: range(of('cpus'), cpus) },
    { title: 'Rounding mode', lines: rounding_lines(series), scale: kShare, stacked: true, summary: rounding_summary(rounding) },
    {
      title: 'Messages',
      lines: [line('in', of('messages_in'), 'ink'), line('out', of('messages_out'), 'soft')],
      scale: kCount,
      summary: both(of('messages_in'), of('messages_out'), kCount.format),
    },
    {
      title: 'Bytes',
      lines: [line('in', of('bytes_in'), 'ink'), line('out', of('bytes_out'), 'soft')],
      scale: kBytes,
      summary: both(of('bytes_in'), of('bytes_out'), bytes),
    },
    { title: 'Memory', lines: [line('resident', memory, 'ink', true)], scale: kMemory, summary: range(memory, bytes) },
  ];
}

/** What the program did, slice by slice: the same ten minutes that the score looks at. */
export function Evidence({ workload }: { workload: Workload }) {
  const [cursor, set_cursor] = useState<number | null>(null);
  const times = useMemo(() => workload.series.map((point) => Date.parse(point.time) / 1000), [workload]);
  const rows = useMemo(() => rows_of(workload), [workload]);
  if (workload.series.length === 0) return <p class="quiet">Nothing has been recorded yet.</p>;
  const at = workload.series[cursor ?? workload.series.length - 1] ?? workload.series.at(-1);
  return (
    <>
      <div class="charts">
        {rows.map((row, i) => (
          <Chart key={row.title} {...row} times={times} last={i === rows.length - 1} cursor={cursor} on_cursor={set_cursor} />
        ))}
      </div>
      <p class="note number">
        {cursor === null ? 'Values of the last slice, which ended at ' : 'Values of the slice that ended at '}
        {at ? clock(at.time) : ''}. A slice is ten seconds; messages and bytes are counted per slice.
      </p>
    </>
  );
}
