import { kCounts, kLeaky, kSplitOrder, model_name, share, share_with_range, split_name, split_what } from '../names';
import { models_of, type Brief, type Figure, type Report } from '../report';
import { Chart } from './chart';
import { draw_compared, type Compared } from './compared';
import { Name, Section, Share, Tag } from './marks';
import { Table } from './table';

type Pick = (brief: Brief) => Figure | undefined;

/** "94 % by family, 99 % by overlapping windows at random": by how much a leaky split flatters the lead. */
function flattery(report: Report, lead: string): string | null {
  const honest = report.splits[kCounts]?.[lead]?.windows.average_precision.value;
  const leaky = kLeaky.flatMap((split) => {
    const value = report.splits[split]?.[lead]?.windows.average_precision.value;
    return value === null || value === undefined ? [] : [{ split, value }];
  });
  const most = leaky.sort((a, b) => b.value - a.value)[0];
  if (honest === null || honest === undefined || !most) return null;
  const gain = Math.round(100 * (most.value - honest));
  const by = gain > 0 ? `${gain} points of average precision more` : gain < 0 ? `${-gain} points of average precision less, so here it flatters nothing` : 'as much average precision';
  return `The ${model_name(lead).toLowerCase()} has an average precision of ${share(honest)} by family. By the split that flatters most, ${split_name(most.split).toLowerCase()}, it would have had ${share(most.value)}: ${by}.`;
}

export function Splits({ report, lead }: { report: Report; lead: string }) {
  const order = [...kSplitOrder, ...Object.keys(report.splits).filter((one) => !kSplitOrder.includes(one))].filter((one) => report.splits[one]);
  const models = models_of(report);
  const compared = (splits: string[], pick: Pick): Compared[] =>
    splits.flatMap((split) =>
      models.flatMap((model) => {
        const brief = report.splits[split]?.[model];
        const figure = brief && pick(brief);
        return figure ? [{ row: split_name(split), model, figure }] : [];
      }),
    );
  const with_runs = order.filter((split) => Object.values(report.splits[split] ?? {}).some((brief) => brief.runs));
  const rows = order.flatMap((split) => models.flatMap((model) => (report.splits[split]?.[model] ? [{ split, model, brief: report.splits[split]![model]! }] : [])));
  const words = (pick: Pick) =>
    order.flatMap((split) => {
      const brief = report.splits[split]?.[lead];
      const figure = brief && pick(brief);
      return figure ? [`${split_name(split)} ${share_with_range(figure)}`] : [];
    }).join('; ');
  const precision: Pick = (brief) => brief.windows.average_precision;
  const recall: Pick = (brief) => brief.runs?.recall;
  return (
    <Section id="splits" number={6} title="What a leaky split would have claimed">
      <p class="lede">
        A <i>split</i> says what a model learns from and what it is judged on. Much of the literature splits windows at random; then what is judged was nearly learned. {flattery(report, lead)}
      </p>
      <p class="legend">
        {models.map((model) => (
          <Name key={model} model={model} />
        ))}
      </p>
      <div class="pair">
        <Chart
          title="Average precision of windows, by split"
          words={`${model_name(lead)}: ${words(precision)}. The table of splits has all models.`}
          of={[report]}
          draw={(width) =>
            draw_compared(compared(order, precision), { width, label: 'Average precision, % →', rows: order.map(split_name), models, strong: split_name(kCounts), base: report.splits[kCounts]?.[lead]?.windows.average_precision.value })
          }
        />
        <Chart
          title="Recall of runs at the threshold that ships, by split"
          words={`${model_name(lead)}: ${words(recall)}. The table of splits has all models.`}
          of={[report]}
          draw={(width) =>
            draw_compared(compared(with_runs, recall), { width, label: 'Recall, % →', rows: with_runs.map(split_name), models, strong: split_name(kCounts), base: report.splits[kCounts]?.[lead]?.runs?.recall.value })
          }
          note="Where windows were split at random, a run has windows on both sides and is not judged."
        />
      </div>
      <p class="note">Bold: the split that counts. Dashed: what the {model_name(lead).toLowerCase()} has there.</p>
      <dl class="terms">
        {order.map((split) => (
          <div key={split}>
            <dt>
              {split_name(split)} {split === kCounts && <Tag strong>counts</Tag>}
            </dt>
            <dd>{split_what(split)}</dd>
          </div>
        ))}
      </dl>
      <details>
        <summary>The splits as a table</summary>
        <Table
          caption="Splits and models"
          rows={rows}
          strong={(row) => row.split === kCounts}
          columns={[
            { head: 'Split', cell: (row) => split_name(row.split) },
            { head: 'Model', cell: (row) => model_name(row.model) },
            { head: 'Average precision', cell: (row) => <Share figure={row.brief.windows.average_precision} /> },
            { head: 'Recall of runs', cell: (row) => (row.brief.runs ? <Share figure={row.brief.runs.recall} /> : <span class="weak">not judged</span>) },
            { head: 'False positive rate', cell: (row) => (row.brief.runs ? <Share figure={row.brief.runs.false_positive_rate} /> : <span class="weak">not judged</span>) },
          ]}
        />
      </details>
    </Section>
  );
}
