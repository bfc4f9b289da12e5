import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';

export type Colour = 'flame' | 'ink' | 'mid' | 'soft' | 'faint';

export interface Line {
  name: string;
  values: (number | null)[];
  colour: Colour;
  /** Fills down to the axis, or to the line before it in a stack. */
  fill?: boolean;
}

/** How the numbers of a chart read, and where its axis may have ticks. */
export interface Scale {
  format: (value: number) => string;
  increments?: number[];
  /** The top of the axis is at least this. */
  at_least?: number;
  /** The top of the axis is exactly this. */
  exactly?: number;
}

export interface ChartProps {
  title: string;
  /** Seconds since the epoch, ascending; as many as each line has values. */
  times: number[];
  lines: Line[];
  scale: Scale;
  threshold?: number;
  /** Lines are shares of one whole, drawn on top of each other. */
  stacked?: boolean;
  /** The last of several that share their time axis shows it. */
  last?: boolean;
  /** Which slice the pointer is on, in any of the charts; null: none. */
  cursor: number | null;
  on_cursor: (index: number | null) => void;
  /** For those who do not see the picture. */
  summary: string;
}

const kPlotHeight = 64;
const kTimeAxis = 24;
const kLeft = 64;

const two = (n: number) => String(n).padStart(2, '0');

function paint_of(element: Element): Record<Colour | 'grid' | 'label' | 'ground' | 'font', string> {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    flame: read('--flame-mark'),
    ink: read('--ink-2'),
    mid: read('--ink-3'),
    soft: read('--mark'),
    faint: read('--mark-soft'),
    grid: read('--line'),
    label: read('--ink-3'),
    ground: read('--surface'),
    font: `11px ${read('--font')}`,
  };
}

/** Draws the threshold as a dashed line across the plot. */
function threshold_line(at: number, colour: string): uPlot.Plugin {
  return {
    hooks: {
      draw: (u) => {
        const y = Math.round(u.valToPos(at, 'y', true)) + 0.5;
        u.ctx.save();
        u.ctx.strokeStyle = colour;
        u.ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
        u.ctx.lineWidth = devicePixelRatio;
        u.ctx.beginPath();
        u.ctx.moveTo(u.bbox.left, y);
        u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
        u.ctx.stroke();
        u.ctx.restore();
      },
    },
  };
}

function axes(props: ChartProps, paint: ReturnType<typeof paint_of>): uPlot.Axis[] {
  const time: uPlot.Axis = {
    stroke: paint.label,
    font: paint.font,
    size: props.last ? kTimeAxis : 0,
    gap: 4,
    space: 80,
    grid: { show: false },
    ticks: { show: props.last === true, stroke: paint.grid, width: 1, size: 4 },
    values: (_u, ticks) =>
      ticks.map((tick) => {
        const t = new Date(tick * 1000);
        return props.last ? `${two(t.getHours())}:${two(t.getMinutes())}${t.getSeconds() ? `:${two(t.getSeconds())}` : ''}` : '';
      }),
  };
  const value: uPlot.Axis = {
    stroke: paint.label,
    font: paint.font,
    size: kLeft,
    gap: 8,
    space: 26,
    grid: { stroke: paint.grid, width: 1 },
    ticks: { show: false },
    values: (_u, ticks) => ticks.map((tick) => props.scale.format(tick)),
  };
  if (props.scale.increments) value.incrs = props.scale.increments;
  return [time, value];
}

function line_options(line: Line, paint: ReturnType<typeof paint_of>, stacked: boolean): uPlot.Series {
  const colour = paint[line.colour];
  const series: uPlot.Series = {
    label: line.name,
    stroke: stacked ? paint.ground : colour,
    width: stacked ? 1 : 1.5,
    spanGaps: false,
    points: { show: (_u, _i, from, to) => !stacked && to - from < 2, size: 4 },
  };
  if (line.fill) series.fill = stacked ? colour : `color-mix(in srgb, ${colour} 12%, transparent)`;
  return series;
}

function options(props: ChartProps, element: Element, width: number): uPlot.Options {
  const paint = paint_of(element);
  const { exactly, at_least } = props.scale;
  return {
    width,
    height: kPlotHeight + (props.last ? kTimeAxis : 0),
    padding: [8, 2, 4, 0],
    legend: { show: false },
    cursor: {
      sync: { key: 'evidence', setSeries: false },
      points: { show: !props.stacked, size: 6 },
      y: false,
      drag: { x: false, y: false },
    },
    scales: {
      x: { time: true },
      y: { range: (_u, _min, max) => [0, exactly ?? Math.max(at_least ?? 0, max * 1.08, 1e-9)] },
    },
    axes: axes(props, paint),
    series: [{}, ...props.lines.map((line) => line_options(line, paint, props.stacked === true))],
    plugins: props.threshold === undefined ? [] : [threshold_line(props.threshold, paint.label)],
    hooks: { setCursor: [(u) => props.on_cursor(u.cursor.idx ?? null)] },
  };
}

/** Stacked lines lie on the sum of those after them, so that the first ends on top and later ones are drawn over it. */
function stack(lines: Line[]): (number | null)[][] {
  const from = (i: number, at: number): number | null => {
    const rest = lines.slice(i).map((line) => line.values[at] ?? null);
    return rest[0] === null ? null : rest.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  };
  return lines.map((line, i) => line.values.map((_value, at) => from(i, at)));
}

function data_of({ times, lines, stacked }: ChartProps): uPlot.AlignedData {
  return [times, ...(stacked ? stack(lines) : lines.map((line) => line.values))] as uPlot.AlignedData;
}

/** One row of evidence over the last ten minutes. */
export function Chart(props: ChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shape = `${props.title} ${props.lines.map((line) => line.name + line.colour).join()} ${props.threshold ?? ''}`;

  useEffect(() => {
    const element = holder.current;
    if (!element) return undefined;
    const width = () => Math.max(200, element.clientWidth);
    const build = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(props, element, width()), data_of(props), element);
    };
    build();
    const resized = new ResizeObserver(() => {
      const chart = plot.current;
      if (chart && chart.width !== width()) chart.setSize({ width: width(), height: chart.height });
    });
    resized.observe(element);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', build);
    return () => {
      dark.removeEventListener('change', build);
      resized.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
    // Built anew when its shape changes; new data is set below.
  }, [shape]);

  useEffect(() => {
    plot.current?.setData(data_of(props));
  }, [props.times, props.lines]);

  const index = props.cursor !== null && props.cursor < props.times.length ? props.cursor : props.times.length - 1;
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{props.title}</span>
        {props.lines.map((line) => {
          const value = line.values[index];
          return (
            <span class="chart-value" key={line.name}>
              <span class={`swatch swatch-${line.colour}`} aria-hidden="true" />
              {line.name} <b class="number">{value === null || value === undefined ? '–' : props.scale.format(value)}</b>
            </span>
          );
        })}
      </figcaption>
      <div class={`plot${props.last ? ' plot-last' : ''}`} ref={holder} role="img" aria-label={`${props.title}: ${props.summary}`} />
    </figure>
  );
}
