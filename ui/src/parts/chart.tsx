import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';

export interface Line {
  name: string;
  values: (number | null)[];
  colour: 'flame' | 'ink' | 'soft';
  fill?: boolean;
}

interface Props {
  title: string;
  /** Seconds since the epoch, ascending; as many as each line has values. */
  times: number[];
  lines: Line[];
  format: (value: number) => string;
  /** The top of the axis is at least this. */
  at_least?: number;
  /** The top of the axis is exactly this. */
  exactly?: number;
  threshold?: number;
  /** For those who do not see the picture. */
  summary: string;
}

const kHeight = 92;

function colours(of: Element) {
  const style = getComputedStyle(of);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return { flame: read('--flame-mark'), ink: read('--ink-2'), soft: read('--mark'), grid: read('--line'), label: read('--ink-3'), font: `11px ${read('--font')}` };
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

function options(props: Props, element: Element, width: number, on_cursor: (index: number | null) => void): uPlot.Options {
  const paint = colours(element);
  const two = (n: number) => String(n).padStart(2, '0');
  return {
    width,
    height: kHeight,
    padding: [6, 2, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: 'evidence', setSeries: false },
      points: { size: 6 },
      y: false,
      drag: { x: false, y: false },
    },
    scales: {
      x: { time: true },
      y: { range: (_u, _min, max) => [0, props.exactly ?? Math.max(props.at_least ?? 0, max * 1.08, 1e-9)] },
    },
    axes: [
      {
        stroke: paint.label,
        font: paint.font,
        size: 22,
        gap: 3,
        space: 90,
        grid: { show: false },
        ticks: { stroke: paint.grid, width: 1, size: 4 },
        values: (_u, ticks) =>
          ticks.map((tick) => {
            const t = new Date(tick * 1000);
            return `${two(t.getHours())}:${two(t.getMinutes())}${t.getSeconds() ? `:${two(t.getSeconds())}` : ''}`;
          }),
      },
      {
        stroke: paint.label,
        font: paint.font,
        size: 64,
        gap: 6,
        space: 30,
        grid: { stroke: paint.grid, width: 1 },
        ticks: { show: false },
        values: (_u, ticks) => ticks.map((tick) => props.format(tick)),
      },
    ],
    series: [
      {},
      ...props.lines.map((line): uPlot.Series => {
        const series: uPlot.Series = {
          label: line.name,
          stroke: paint[line.colour],
          width: 1.5,
          spanGaps: false,
          points: { show: (u, _i, from, to) => to - from < 2 || u.data[0].length < 3, size: 4 },
        };
        if (line.fill) series.fill = `color-mix(in srgb, ${paint[line.colour]} 12%, transparent)`;
        return series;
      }),
    ],
    plugins: props.threshold === undefined ? [] : [threshold_line(props.threshold, paint.flame)],
    hooks: { setCursor: [(u) => on_cursor(u.cursor.idx ?? null)] },
  };
}

const data_of = (props: Props): uPlot.AlignedData => [props.times, ...props.lines.map((line) => line.values)] as uPlot.AlignedData;

/** One row of evidence over the last ten minutes; rows share their cursor. */
export function Chart(props: Props) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [cursor, set_cursor] = useState<number | null>(null);
  const shape = props.lines.map((line) => line.name).join() + (props.threshold ?? '') + props.title;

  useEffect(() => {
    const element = holder.current;
    if (!element) return undefined;
    const build = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(props, element, Math.max(200, element.clientWidth), set_cursor), data_of(props), element);
    };
    build();
    const resized = new ResizeObserver(() => {
      const width = Math.max(200, element.clientWidth);
      if (plot.current && plot.current.width !== width) plot.current.setSize({ width, height: kHeight });
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
    // The plot is rebuilt when its shape changes; new data is set below.
  }, [shape]);

  useEffect(() => {
    plot.current?.setData(data_of(props));
  }, [props.times, props.lines]);

  const index = cursor !== null && cursor < props.times.length ? cursor : props.times.length - 1;
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{props.title}</span>
        {props.lines.map((line) => {
          const value = line.values[index];
          return (
            <span class="chart-value" key={line.name}>
              <span class={`swatch swatch-${line.colour}`} aria-hidden="true" />
              {line.name} <b class="number">{value === null || value === undefined ? '–' : props.format(value)}</b>
            </span>
          );
        })}
      </figcaption>
      <div class="plot" ref={holder} role="img" aria-label={`${props.title}: ${props.summary}`} />
    </figure>
  );
}
