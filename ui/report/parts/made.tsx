import { alert_is, decide_flag, minute, model_name, plural, quantity } from '../names';
import { models_of, type Counts, type Report } from '../report';
import { safe } from '../../src/words';
import { Section } from './marks';
import { Table } from './table';

function command_of(report: Report): string {
  const { about } = report;
  const splits = [...Object.keys(report.splits), ...about.omitted.map((one) => one.split)].map(safe);
  return [
    'davy evaluate --data DATASET --out FOLDER',
    `--models ${about.models.map(safe).join(',')}`,
    `--splits ${splits.join(',')}`,
    `--grid ${safe(about.grid)} --repeats ${about.repeats} --outer ${about.outer} --inner ${about.inner}`,
    `--windows ${about.windows_of_run} --decide ${decide_flag(about.decision)} --seed ${about.seed}`,
    [...(report.ablation.length ? [] : ['--no-ablation']), ...(report.learning_curve.length ? [] : ['--no-learning-curve'])].join(' '),
  ]
    .filter(Boolean)
    .join(' \\\n  ');
}

const kCounted: { key: 'public_miners' | 'own_miners' | 'honest' | 'own_honest' | 'twins'; name: string }[] = [
  { key: 'public_miners', name: 'Miners that others wrote' },
  { key: 'own_miners', name: 'Miners of our own' },
  { key: 'honest', name: 'Honest programs that others wrote' },
  { key: 'own_honest', name: 'Honest workers of our own' },
  { key: 'twins', name: 'Twins, among the honest' },
];

function Data({ report }: { report: Report }) {
  const rows = kCounted.map(({ key, name }): { name: string; counts: Counts } => ({ name, counts: report.about.data[key] }));
  return (
    <Table
      caption="What the dataset holds"
      rows={rows}
      columns={[
        { head: 'Data', cell: (row) => row.name },
        { head: 'Families', right: true, cell: (row) => quantity(row.counts.groups) },
        { head: 'Programs', right: true, cell: (row) => quantity(row.counts.programs) },
        { head: 'Runs', right: true, cell: (row) => quantity(row.counts.runs) },
        { head: 'Days watched', right: true, cell: (row) => quantity(row.counts.days) },
      ]}
    />
  );
}

function Settings({ report }: { report: Report }) {
  const rows = models_of(report).flatMap((model) => report.models[model]!.settings.map((setting) => ({ model, ...setting })));
  return (
    <Table
      caption="Settings that the inner loops chose"
      rows={rows}
      columns={[
        { head: 'Model', cell: (row) => model_name(row.model) },
        { head: 'Setting chosen', cell: (row) => <span class="wrap">{safe(row.setting)}</span> },
        { head: 'Folds', right: true, cell: (row) => row.folds },
      ]}
    />
  );
}

export function Made({ report }: { report: Report }) {
  const { about } = report;
  return (
    <Section id="made" number={10} title="How it was made">
      <p class="lede">
        Nested, grouped, stratified cross-validation: families are dealt into {about.outer} folds, {about.repeats === 1 ? 'once' : `${about.repeats} times anew`}; each fold is judged by a model
        that learned from the others. Settings, scaling, calibration and thresholds are chosen inside, by {about.inner} folds of the families learned from. Of a run at most {about.windows_of_run}{' '}
        windows count in the figures of windows.
      </p>
      <dl class="facts">
        <dt>Dataset</dt>
        <dd class="mono wrap">{safe(about.dataset)}</dd>
        <dt>Schema of features</dt>
        <dd>
          <span class="mono">{safe(about.schema)}</span>, {plural(about.features, 'feature')}
        </dd>
        <dt>Windows</dt>
        <dd>
          {about.data.windows.toLocaleString('en')} judged, {about.data.windows_learned_from.toLocaleString('en')} of them learned from
        </dd>
        <dt>Recorded</dt>
        <dd>
          {minute(about.data.first)} to {minute(about.data.last)} UTC, {plural(about.data.hosts, 'host')}
        </dd>
        <dt>Seed</dt>
        <dd>{about.seed}</dd>
        <dt>How an alert is decided</dt>
        <dd>{alert_is(about.decision)}</dd>
        <dt>Settings to choose among</dt>
        <dd>{about.grid === 'full' ? 'the full grid, a dozen or more of each model' : 'a small grid, a few of each model: figures may be better with the full one'}</dd>
      </dl>
      <Data report={report} />
      <details class="printed">
        <summary>Settings that the inner loops chose</summary>
        <Settings report={report} />
      </details>
      <h3>To run it again</h3>
      <pre class="command">{command_of(report)}</pre>
      <p class="note">
        Same dataset, same options: the same bytes, for any number of threads. All numbers of this page, and more, stand in <code>report.json</code> beside it.
      </p>
    </Section>
  );
}
