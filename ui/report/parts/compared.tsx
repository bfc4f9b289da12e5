// Charts of figures side by side: one row a thing, a dot and its interval.
import { axisX, dot, link, plot, ruleX, text } from '@observablehq/plot';
import type { Figure } from '../report';
import { kShare, kStyle } from './chart';
import { colour_of, symbol_of } from './marks';

export interface Compared {
  row: string;
  model: string;
  figure: Figure;
}

interface Options {
  width: number;
  label: string;
  /** Names of the rows, top to bottom. */
  rows: string[];
  models: string[];
  /** A value to compare with. */
  base?: number | null | undefined;
  strong?: string;
}

const names_of = (rows: string[], left: number, weight: number) =>
  text(rows, { fy: (row: string) => row, text: (row: string) => row, frameAnchor: 'left', textAnchor: 'start', dx: -left, lineWidth: (left - 10) / 12, fill: 'var(--ink)', fontWeight: weight });

export function draw_compared(all: Compared[], { width, label, rows, models, base, strong }: Options) {
  const known = all.filter((one) => one.figure.value !== null);
  const left = Math.min(160, width * 0.36);
  const common = { fy: 'row', y: 'model' } as const;
  return plot({
    width,
    height: 60 + rows.length * (18 + 11 * models.length),
    marginLeft: left,
    marginRight: 12,
    marginTop: 8,
    marginBottom: 42,
    style: kStyle,
    fy: { domain: rows, axis: null, padding: 0.12 },
    y: { domain: models, axis: null },
    x: { ...kShare, label },
    color: { type: 'identity' },
    symbol: { type: 'identity' },
    marks: [
      ...[strong, undefined].map((bold) => names_of(rows.filter((row) => (row === strong) === (bold !== undefined)), left, bold ? 650 : 400)),
      axisX({ label, ...{ ticks: kShare.ticks, tickFormat: kShare.tickFormat } } as Parameters<typeof axisX>[0]),
      base === null || base === undefined ? null : ruleX([base], { stroke: 'var(--ink-3)', strokeDasharray: '3 3' }),
      link(known, { ...common, x1: (one: Compared) => one.figure.low, x2: (one: Compared) => one.figure.high ?? 1, stroke: (one: Compared) => colour_of(one.model), strokeOpacity: 0.55, strokeWidth: 1.6 }),
      dot(known, { ...common, x: (one: Compared) => one.figure.value, fill: (one: Compared) => colour_of(one.model), symbol: (one: Compared) => symbol_of(one.model), r: 3.4 }),
    ],
  });
}
