import { alert_is, count, model_name, model_what, range, seconds, share } from '../names';
import { kStarter, models_of, type Figure, type Model, type Report, type Seconds } from '../report';
import { Name, Section, Share, Tag, Whisker } from './marks';
import { Table, type Column } from './table';

const figure_of = (time: Seconds): Figure => ({ value: time.median, low: time.median, high: time.p90, level: 0.9, method: '', n: time.n });

/** "7.4 of 9 families", as a share is of families. */
const of = (figure: Figure): string => (figure.value === null ? 'none' : `${count(figure.value * figure.n)} of ${figure.n}`);
const aside = (figure: Figure): string => (figure.value === null ? 'none was judged' : `${share(figure.value)}; 95\u00a0% interval ${range(figure, share)}`);

function Sentence({ name, model, report }: { name: string; model: Model; report: Report }) {
  const { recall, false_positive_rate: alarms, seconds_to_alert: time } = model.at_shipped;
  return (
    <>
      <p class="finding">
        The {model_name(name).toLowerCase()}, at the threshold that ships, finds <b>{of(recall)} families of miners</b> that others wrote <span class="aside">({aside(recall)})</span>, and
        alerts <b>{of(alarms)} honest ones</b> <span class="aside">({aside(alarms)})</span>.
      </p>
      <p class="lede">
        It had seen none of the families it is judged on. A <i>family</i> is one upstream project with its forks, joined with what runs the same executable; it counts in part when only some of
        its programs, runs or repeats were alerted. {alert_is(report.about.decision)} A <i>window</i> is what one process or container did in the last ten minutes, looked at every ten seconds.
        {time && ` Half of the alerts on miners came within ${seconds(time.median)} of the first sight, nine tenths within ${seconds(time.p90)}.`}
      </p>
    </>
  );
}

interface Row {
  name: string;
  model: Model;
}

function Time({ time, top }: { time: Seconds | null; top: number }) {
  if (!time) return <span class="weak">no alert</span>;
  return (
    <span class="share">
      <span class="number">
        <span class="strong">{seconds(time.median)}</span> <span class="weak nowrap">to {seconds(time.p90)} · {time.n} alerts</span>
      </span>
      <Whisker figure={figure_of(time)} top={top} />
    </span>
  );
}

/** Where all models have it, n stands in the head; a cell says its own. */
const units = (figure: Figure, usual: number): string | undefined => (figure.n === usual ? undefined : `n ${figure.n}`);

export function Found({ report, lead }: { report: Report; lead: string }) {
  const rows: Row[] = models_of(report)
    .map((name) => ({ name, model: report.models[name]! }))
    .sort((a, b) => Number(b.name === lead) - Number(a.name === lead));
  const first = report.models[lead];
  if (!first) return null;
  const n = { miners: first.at_shipped.recall.n, honest: first.at_shipped.false_positive_rate.n, all: first.windows.average_precision.n };
  const top = Math.max(1, ...rows.map(({ model }) => model.at_shipped.seconds_to_alert?.p90 ?? 0));
  const name: Column<Row> = {
    head: 'Model',
    cell: (row) => (
      <>
        <span class="strong">
          <Name model={row.name} />
        </span>{' '}
        {row.name === kStarter && <Tag strong>ships</Tag>}
        <span class="sub">{model_what(row.name)}</span>
      </>
    ),
  };
  const columns: Column<Row>[] = [
    name,
    {
      head: 'Recall',
      what: `share of miners found, n = ${n.miners} families`,
      cell: ({ model }) => <Share figure={model.at_shipped.recall} units={units(model.at_shipped.recall, n.miners)} />,
    },
    {
      head: 'False positive rate',
      what: `share of honest programs alerted, n = ${n.honest} families`,
      cell: ({ model }) => <Share figure={model.at_shipped.false_positive_rate} units={units(model.at_shipped.false_positive_rate, n.honest)} />,
    },
    {
      head: 'Average precision',
      what: `how well windows are ranked, over all thresholds; n = ${n.all} families of miners, ours too`,
      cell: ({ model }) => <Share figure={model.windows.average_precision} units={units(model.windows.average_precision, n.all)} />,
    },
    { head: 'Seconds to alert', what: 'median, to the 90th percentile', cell: ({ model }) => <Time time={model.at_shipped.seconds_to_alert} top={top} /> },
  ];
  const own: Column<Row>[] = [
    name,
    { head: 'Recall, our miners', cell: ({ model }) => <Share figure={model.at_shipped.recall_own} units={`n ${model.at_shipped.recall_own.n}`} /> },
    {
      head: 'False positive rate, our honest workers',
      cell: ({ model }) => <Share figure={model.at_shipped.false_positive_rate_own} units={`n ${model.at_shipped.false_positive_rate_own.n}`} />,
    },
  ];
  return (
    <Section id="found" number={1} title="What was found">
      <Sentence name={lead} model={first} report={report} />
      <h3>All kinds of model, at their own thresholds</h3>
      <Table caption="All kinds of model" columns={columns} rows={rows} strong={(row) => row.name === lead} />
      <p class="note">
        Dots are what was measured, lines the 95&nbsp;% interval (for seconds: from the median to the 90th percentile); every scale starts at 0 and shares end at 100&nbsp;%. Intervals are over
        families, never over windows: windows of one program are not independent. By chance, average precision would be {share(first.windows.prevalence)}.
      </p>
      <p class="note">
        Programs of our own count in nothing above but average precision: who wrote the detector wrote these, too. Of our miners the {model_name(lead).toLowerCase()} finds{' '}
        {of(first.at_shipped.recall_own)} families, of our honest workers it alerts {of(first.at_shipped.false_positive_rate_own)}.
      </p>
      <details class="printed">
        <summary>Programs of our own, apart</summary>
        <Table caption="Programs of our own" columns={own} rows={rows} strong={(row) => row.name === lead} />
      </details>
    </Section>
  );
}
