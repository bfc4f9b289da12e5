import { dot, line, link, plot } from '@observablehq/plot';
import { kCounts, quantity, share, share_with_range } from '../names';
import { kStarter, type Brief, type Report } from '../report';
import { list, safe } from '../../src/words';
import { Chart, kShare, kStyle } from './chart';
import { draw_compared } from './compared';
import { Section, Share, colour_of } from './marks';
import { Table } from './table';

const precision = (brief: Brief) => brief.windows.average_precision;

/** What an ablation is compared with: the same single repeat with all features, where it was kept, else all repeats. */
function whole_of(report: Report): Brief | undefined {
  return all_families(report) ?? report.splits[kCounts]?.[kStarter];
}

const all_families = (report: Report) => report.learning_curve.find((one) => one.percent === 100);

/** Which tricks are found less without a group of features: most lost first. */
function lost_of(report: Report, without: Record<string, number | null>): string {
  const whole = all_families(report)?.by_trick ?? {};
  const lost = Object.entries(whole)
    .map(([trick, found]) => ({ trick, points: Math.round(100 * ((found ?? 0) - (without[trick] ?? 0))) }))
    .filter((one) => one.points > 0)
    .sort((a, b) => b.points - a.points || (a.trick < b.trick ? -1 : 1));
  return lost.length ? lost.map((one) => `${safe(one.trick)} ${one.points}`).join(', ') : 'none';
}

interface Measured {
  families: number;
  what: 'Average precision' | 'Recall';
  value: number | null;
  low: number;
  high: number | null;
}

function draw_learning(width: number, report: Report) {
  const rows: Measured[] = report.learning_curve.flatMap((one): Measured[] => [
    { families: one.families, what: 'Average precision', ...pick(precision(one)) },
    ...(one.runs ? [{ families: one.families, what: 'Recall' as const, ...pick(one.runs.recall) }] : []),
  ]);
  const tone = (row: Measured) => (row.what === 'Recall' ? colour_of('boost') : colour_of(kStarter));
  const beside = (row: Measured) => row.families + (row.what === 'Recall' ? 1 : -1) * 0.006 * Math.max(...rows.map((one) => one.families));
  return plot({
    width,
    height: Math.min(340, Math.max(260, width * 0.62)),
    marginLeft: 40,
    marginBottom: 42,
    marginRight: 16,
    style: kStyle,
    x: { label: 'Families learned from, mean of folds →', domain: [0, 1.05 * Math.max(1, ...rows.map((row) => row.families))] },
    y: { ...kShare, label: '↑ Share, %' },
    color: { type: 'identity' },
    symbol: { type: 'identity' },
    marks: [
      link(rows, { x1: beside, x2: beside, y1: 'low', y2: (row: Measured) => row.high ?? 1, stroke: tone, strokeOpacity: 0.5, strokeWidth: 1.6 }),
      line(rows, { x: beside, y: 'value', z: 'what', stroke: tone, strokeWidth: 1.8 }),
      dot(rows, { x: beside, y: 'value', fill: tone, symbol: (row: Measured) => (row.what === 'Recall' ? 'square' : 'circle'), r: 3.6 }),
    ],
  });
}

const pick = ({ value, low, high }: { value: number | null; low: number; high: number | null }) => ({ value, low, high });

function Ablation({ report }: { report: Report }) {
  const whole = whole_of(report);
  const base = whole && precision(whole).value;
  const rows = [...report.ablation].sort((a, b) => (precision(a).value ?? 0) - (precision(b).value ?? 0));
  if (!rows.length) return <p class="note">Groups of features were not left out in this evaluation.</p>;
  const worst = rows[0]!;
  const loss = base !== null && base !== undefined ? Math.round(100 * (base - (precision(worst).value ?? base))) : null;
  return (
    <div>
      <Chart
        title="Average precision without each group of features"
        words={rows.map((row) => `without ${safe(row.without)} ${share_with_range(precision(row))}`).join('; ')}
        of={[report]}
        draw={(width) =>
          draw_compared(rows.map((row) => ({ row: safe(row.without), model: kStarter, figure: precision(row) })), { width, label: 'Average precision, % →', rows: rows.map((row) => safe(row.without)), models: [kStarter], base })
        }
        note={`${base === null || base === undefined ? '' : `Dashed: ${share(base)}, with all features. `}${loss !== null && loss > 0 ? `Most is lost without “${safe(worst.without)}”: ${loss} points${(precision(worst).high ?? 1) >= (base ?? 0) ? ', well inside its interval, so it may be chance' : ''}.` : 'No group alone carries the model.'} Groups overlap in what they tell, so what is not lost may still be used.`}
      />
      <details>
        <summary>As a table</summary>
        <Table
          caption="Without each group of features"
          rows={rows}
          columns={[
            { head: 'Without', cell: (row) => <span class="strong wrap">{safe(row.without)}</span> },
            { head: 'Average precision', cell: (row) => <Share figure={precision(row)} /> },
            { head: 'Recall of runs', cell: (row) => (row.runs ? <Share figure={row.runs.recall} /> : '–') },
            { head: 'False positive rate', cell: (row) => (row.runs ? <Share figure={row.runs.false_positive_rate} /> : '–') },
            ...(all_families(report) ? [{ head: 'Tricks lost', what: 'points of their runs found', cell: (row: Report['ablation'][number]) => <span class="wrap">{lost_of(report, row.by_trick)}</span> }] : []),
          ]}
        />
      </details>
    </div>
  );
}

function Learning({ report }: { report: Report }) {
  if (!report.learning_curve.length) return <p class="note">How the model grows with the number of families was not looked at in this evaluation.</p>;
  return (
    <div>
      <Chart
        title="What more families bring"
        words={report.learning_curve.map((one) => `${one.percent} % of families: average precision ${share_with_range(precision(one))}${one.runs ? `, recall ${share_with_range(one.runs.recall)}` : ''}`).join('; ')}
        of={[report]}
        draw={(width) => draw_learning(width, report)}
        note={`Circles: average precision of windows. Squares: recall of runs. From left to right ${list(report.learning_curve.map((one) => quantity(one.miner_families)))} of the families are of miners. Where the lines still rise at the right, more families would help.`}
      />
      <details>
        <summary>As a table</summary>
        <Table
          caption="Learning curve"
          rows={report.learning_curve}
          columns={[
            { head: 'Learned from', cell: (row) => `${row.percent} %` },
            { head: 'Families', what: 'of miners, of all', cell: (row) => <span class="number">{`${quantity(row.miner_families)}, ${quantity(row.families)}`}</span> },
            { head: 'Average precision', cell: (row) => <Share figure={precision(row)} /> },
            { head: 'Recall of runs', cell: (row) => (row.runs ? <Share figure={row.runs.recall} /> : '–') },
            { head: 'False positive rate', cell: (row) => (row.runs ? <Share figure={row.runs.false_positive_rate} /> : '–') },
          ]}
        />
      </details>
    </div>
  );
}

export function Carries({ report }: { report: Report }) {
  return (
    <Section id="carries" number={7} title="What carries the model">
      <p class="lede">Layered models, learned and judged again, once without each group of features and once from a part of the families, by the first repeat of the split by family.</p>
      <div class="pair">
        <Ablation report={report} />
        <Learning report={report} />
      </div>
    </Section>
  );
}
