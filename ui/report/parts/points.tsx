import { areaY, dot, line, link, plot, pointer, ruleY, text, tip } from '@observablehq/plot';
import { useState } from 'preact/hooks';
import { precision_at, precision_of, says_nothing } from '../numbers';
import { model_name, one_in, quantity, range, seconds, share, share_with_range } from '../names';
import { models_of, type Figure, type Model, type Point, type Report } from '../report';
import { Chart, kShare, kStyle } from './chart';
import { Name, Section, Share, Tag, Whisker, colour_of, symbol_of } from './marks';
import { Table } from './table';

interface At {
  model: string;
  x: number;
  y: number;
}

interface Dot extends At {
  ships: boolean;
  words: string;
}

const kRate = {
  type: 'sqrt',
  domain: [0, 1],
  ticks: [0, 0.01, 0.05, 0.1, 0.25, 0.5, 1],
  tickFormat: (v: number) => `${Math.round(100 * v)}`,
  grid: true,
} as const;

type Place = (point: Point) => { x: Figure; y: Figure };

const whiskers_of = (model: Model, place: Place) =>
  model.operating_points.map(place).flatMap(({ x, y }) => (x.value === null || y.value === null ? [] : [{ x: x.value, low: y.low, high: y.high ?? 1 }]));

function dots_of(report: Report, shown: string[], place: Place): Dot[] {
  return shown.flatMap((model) =>
    (report.models[model]?.operating_points ?? []).flatMap((point) => {
      const { x, y } = place(point);
      if (x.value === null || y.value === null) return [];
      const recall = share_with_range(point.recall);
      const words = `${model_name(model)}, ${point.asked === null ? 'the point that ships' : `${share(point.asked)} of honest programs let through`}\nrecall ${recall}\nfalse positive rate ${share_with_range(point.false_positive_rate)}`;
      return [{ model, x: x.value, y: y.value, ships: point.asked === null, words }];
    }),
  );
}

interface Edge {
  x: number;
  low: number;
  high: number;
}

const kEdges = 400;

/**
 * What holds a model's curve wherever all intervals hold: as recall only grows with the false positive rate, it is at
 * each rate at least what a surely stricter point has, at most what a surely more lenient one has.
 */
function band_of(points: Point[]): Edge[] {
  const boxes = points.map(({ recall, false_positive_rate: rate }) => ({ left: rate.low, right: rate.high ?? 1, low: recall.low, high: recall.high ?? 1 }));
  return Array.from({ length: kEdges + 1 }, (_, i) => {
    const x = (i / kEdges) ** 2;
    const low = Math.max(0, ...boxes.filter((box) => box.right <= x).map((box) => box.low));
    return { x, low, high: Math.max(low, Math.min(1, ...boxes.filter((box) => box.left >= x).map((box) => box.high))) };
  });
}

function band_note(model: Model, focus: string): string {
  const wide = band_of(model.operating_points).reduce((sum, edge) => sum + edge.high - edge.low, 0) / (kEdges + 1);
  const where = `Shaded: where the curve of the ${model_name(focus).toLowerCase()} can lie, by ${model.at_shipped.recall.n} families of miners and ${model.at_shipped.false_positive_rate.n} of honest programs`;
  return wide > 0.85 ? `${where}: nearly anywhere. So few cannot tell more.` : `${where}.`;
}

interface Drawn {
  dots: Dot[];
  /** Between the dots, where that is no straight line. */
  lines?: At[];
  focus: string;
  axes: object;
  band?: Edge[];
  whiskers?: { x: number; low: number; high: number }[];
  chosen?: { x: number; y: number } | null;
}

const label = (at: { x: number; y: number }[], words: string) =>
  text(at, { x: 'x', y: 'y', text: () => words, dy: -13, fill: 'var(--ink)', stroke: 'var(--surface)', strokeWidth: 4, fontWeight: 600 });

const kParts = 16;

/** Precision between operating points: recall and false positive rate are mixed there, precision follows from them. */
function between(name: string, model: Model, prior: number): At[] {
  const points = model.operating_points.filter((point) => point.asked !== null);
  return points.flatMap((point, i) => {
    const next = points[Math.min(i + 1, points.length - 1)]!;
    return Array.from({ length: kParts }, (_, part): At | null => {
      const mixed = (a: Figure, b: Figure) => ((a.value ?? 0) * (kParts - part) + (b.value ?? 0) * part) / kParts;
      const recall = mixed(point.recall, next.recall);
      const precision = precision_at(prior, recall, mixed(point.false_positive_rate, next.false_positive_rate));
      return precision === null ? null : { model: name, x: recall, y: precision };
    }).filter((one) => one !== null);
  });
}

function draw_points(width: number, { dots, lines, focus, axes, band = [], whiskers = [], chosen = null }: Drawn) {
  const rows = dots.filter((one) => !one.ships);
  const ships = dots.filter((one) => one.ships);
  const mine = ships.filter((one) => one.model === focus);
  return plot({
    width,
    height: Math.min(380, Math.max(280, width * 0.72)),
    marginLeft: 40,
    marginBottom: 42,
    marginRight: 16,
    style: kStyle,
    ...axes,
    marks: [
      areaY(band, { x: 'x', y1: 'low', y2: 'high', fill: colour_of(focus), fillOpacity: 0.12 }),
      link(whiskers, { x1: 'x', x2: 'x', y1: 'low', y2: 'high', stroke: colour_of(focus), strokeOpacity: 0.4, strokeWidth: 1.6 }),
      line(lines ?? rows, { x: 'x', y: 'y', z: 'model', stroke: (one: At) => colour_of(one.model), strokeWidth: 1.5 }),
      dot(rows, { x: 'x', y: 'y', fill: (one: Dot) => colour_of(one.model), symbol: (one: Dot) => symbol_of(one.model), r: 2.8 }),
      dot(ships, { x: 'x', y: 'y', stroke: (one: Dot) => colour_of(one.model), fill: 'var(--surface)', strokeWidth: 2, r: 5.5, symbol: (one: Dot) => symbol_of(one.model) }),
      label(mine, 'ships'),
      chosen && dot([chosen], { x: 'x', y: 'y', stroke: 'var(--ink)', strokeWidth: 2, r: 7 }),
      chosen && label([chosen], 'chosen'),
      tip(dots, pointer({ x: 'x', y: 'y', title: 'words', lineHeight: 1.3, fill: 'var(--surface)', stroke: 'var(--line-strong)' })),
    ],
    color: { type: 'identity' },
    symbol: { type: 'identity' },
  } as Parameters<typeof plot>[0]);
}

function Toggles({ names, shown, set_shown }: { names: string[]; shown: string[]; set_shown: (shown: string[]) => void }) {
  const toggle = (name: string) => set_shown(names.filter((one) => (one === name ? !shown.includes(name) : shown.includes(one))));
  return (
    <fieldset class="toggles">
      <legend>Models in these charts</legend>
      {names.map((name) => (
        <label key={name} class="toggle">
          <input type="checkbox" checked={shown.includes(name)} onChange={() => toggle(name)} />
          <Name model={name} />
        </label>
      ))}
    </fieldset>
  );
}

const kLeast = 1e-5;
const kSteps = 100;

/** The slider's places are even steps of the prior's logarithm, from kLeast to the test's own mix. */
const prior_at = (step: number, mix: number): number => (step >= kSteps ? mix : kLeast * (mix / kLeast) ** (step / kSteps));
const step_of = (prior: number, mix: number): number => Math.round((kSteps * Math.log(prior / kLeast)) / Math.log(mix / kLeast));

function Verdict({ precision, prior }: { precision: Figure; prior: number }) {
  if (precision.value === null) return <p class="verdict">At this point nothing would be alerted, so there is no precision.</p>;
  if (says_nothing(precision)) {
    return (
      <p class="verdict">
        <b>The data cannot say.</b> Where {one_in(prior)} is a miner, anything from nearly none to nearly all of the alerts could be right: too few honest families were judged to know so small a
        false positive rate.
      </p>
    );
  }
  return (
    <p class="verdict">
      Where {one_in(prior)} of what runs is a miner, {share(precision.low)} to {share(precision.high ?? 1)} of the alerts would be right.
    </p>
  );
}

function Alerts({ figure }: { figure: Figure }) {
  if (figure.value === null) return <span class="weak">not known</span>;
  const thousand = { ...figure, value: 1000 * figure.value, low: 1000 * figure.low, high: figure.high === null ? null : 1000 * figure.high };
  return (
    <>
      <output class="big">{quantity(thousand.value)}</output>
      <span class="weak">{range(thousand, quantity)}</span>
    </>
  );
}

interface BaseProps {
  report: Report;
  model: Model;
  focus: string;
  shown: string[];
  prior: number;
  set_prior: (prior: number) => void;
}

const point_name = (point: Point): string =>
  point.asked === null ? 'the one that ships' : `${share(point.asked)} of honest programs let through`;

function BaseRate({ report, model, focus, shown, prior, set_prior }: BaseProps) {
  const [chosen, set_chosen] = useState(0);
  const mix = report.about.test_mix;
  const point = model.operating_points[chosen] ?? model.operating_points[0];
  if (!point || !(mix > kLeast)) return null;
  const precision = precision_of(prior, point);
  const place: Place = (one) => ({ x: one.recall, y: precision_of(prior, one) });
  const fixed = [...model.at_shipped.precision].filter((one) => one.prior >= kLeast && one.prior < mix).sort((a, b) => a.prior - b.prior);
  return (
    <div class="base-rate">
      <div class="panel controls">
        <h3>Precision where miners are rarer</h3>
        <p class="note">
          <i>Precision</i> is the share of alerts that are right. It depends on how many of the things that run are miners, the <i>base rate</i>: the rarer they are, the more of the alerts are
          false. P = πT / (πT + (1 − π)F), with base rate π, recall T and false positive rate F.
        </p>
        <label class="field" for="prior">
          Base rate: <b class="number">{prior === mix ? `${one_in(mix)}, the test’s own mix` : one_in(prior)}</b>
        </label>
        <input
          id="prior"
          class="screen-only"
          type="range"
          min={0}
          max={kSteps}
          step={1}
          value={step_of(prior, mix)}
          aria-valuetext={`${one_in(prior)} is a miner`}
          onInput={(event) => set_prior(prior_at(Number(event.currentTarget.value), mix))}
        />
        <div class="presets screen-only">
          {[kLeast, ...fixed.map((one) => one.prior), mix].map((one) => (
            <button key={one} type="button" class="preset" aria-pressed={prior === one} onClick={() => set_prior(one)}>
              {one === mix ? 'test’s mix' : one_in(one)}
            </button>
          ))}
        </div>
        <label class="field" for="point">
          Operating point<span class="print-only">: {point_name(point)}</span>
        </label>
        <select id="point" class="screen-only" value={chosen} onChange={(event) => set_chosen(Number(event.currentTarget.value))}>
          {model.operating_points.map((one, i) => (
            <option key={one.name} value={i}>
              {point_name(one)}
            </option>
          ))}
        </select>
        <dl class="answers">
          <dt>Precision</dt>
          <dd>
            <output id="precision" class="big">
              {precision.value === null ? '–' : share(precision.value)}
            </output>
            <span id="precision-range" class="weak">
              {range(precision, share)}
            </span>
            <Whisker figure={precision} />
          </dd>
          <dt>False alerts a day on 1,000 hosts, each as busy as the one recorded</dt>
          <dd>{chosen === 0 ? <Alerts figure={model.at_shipped.false_alarms_per_node_day} /> : <span class="weak">counted at the point that ships only</span>}</dd>
        </dl>
        <Verdict precision={precision} prior={prior} />
      </div>
      <Chart
        title={`Precision against recall where ${one_in(prior)} is a miner`}
        words={`${model_name(focus)}, at the point that ships: recall ${share_with_range(model.operating_points[0]?.recall ?? point.recall)}, precision ${share_with_range(precision_of(prior, model.operating_points[0] ?? point))}. The table of operating points has them all.`}
        of={[report, shown, focus, prior, chosen]}
        draw={(width) =>
          draw_points(width, {
            dots: dots_of(report, shown, place),
            lines: shown.flatMap((name) => between(name, report.models[name]!, prior)),
            focus,
            whiskers: shown.includes(focus) ? whiskers_of(model, place) : [],
            chosen: chosen > 0 && precision.value !== null && point.recall.value !== null ? { x: point.recall.value, y: precision.value } : null,
            axes: { x: { ...kShare, label: 'Recall, % →' }, y: { ...kShare, label: '↑ Precision, %' } },
          })
        }
        note={`By runs: alerted or not. Lines up and down: intervals of the ${model_name(focus).toLowerCase()}. Where no honest program was alerted 100 % was measured, and the line says how little that proves; where nothing was alerted there is no precision.`}
      />
    </div>
  );
}

function draw_windows(width: number, report: Report, shown: string[], focus: string) {
  const band = shown.includes(focus) ? (report.models[focus]?.windows.band ?? []).map(([recall, low, high]) => ({ recall, low, high })) : [];
  const rows = shown.flatMap((model) => (report.models[model]?.windows.curve ?? []).map(([recall, precision]) => ({ model, recall, precision })));
  const chance = report.models[shown[0] ?? '']?.windows.prevalence;
  return plot({
    width,
    height: Math.min(380, Math.max(280, width * 0.72)),
    marginLeft: 40,
    marginBottom: 42,
    marginRight: 16,
    style: kStyle,
    x: { ...kShare, label: 'Recall, % of windows →' },
    y: { ...kShare, label: '↑ Precision, %' },
    color: { type: 'identity' },
    symbol: { type: 'identity' },
    marks: [
      chance === undefined ? null : ruleY([chance], { stroke: 'var(--mark)', strokeDasharray: '4 4' }),
      areaY(band, { x: 'recall', y1: 'low', y2: 'high', fill: colour_of(focus), fillOpacity: 0.12 }),
      line(rows, { x: 'recall', y: 'precision', z: 'model', stroke: (one: { model: string }) => colour_of(one.model), strokeWidth: 1.8 }),
      dot(rows.filter((_, i) => i % 10 === 9), {
        x: 'recall',
        y: 'precision',
        fill: (one: { model: string }) => colour_of(one.model),
        symbol: (one: { model: string }) => symbol_of(one.model),
        r: 2.8,
      }),
    ],
  });
}

function PointTable({ model, focus, prior }: { model: Model; focus: string; prior: number }) {
  return (
    <Table
      caption={`Operating points of ${model_name(focus)}`}
      rows={model.operating_points}
      strong={(point) => point.asked === null}
      columns={[
        { head: 'Let through', what: 'asked for, of honest programs', cell: (point) => (point.asked === null ? <Tag strong>ships</Tag> : share(point.asked)) },
        {
          head: 'Threshold',
          what: 'median of folds, and their range',
          cell: ({ threshold: t }) => (
            <span class="number">
              {t.median > 1 ? 'never' : t.median.toFixed(3)} <span class="weak nowrap">{t.low.toFixed(2)}–{t.high > 1 ? 'never' : t.high.toFixed(2)}</span>
            </span>
          ),
        },
        { head: 'False positive rate', what: 'that came out', cell: (point) => <Share figure={point.false_positive_rate} /> },
        { head: 'Recall', cell: (point) => <Share figure={point.recall} /> },
        {
          head: 'Precision',
          what: `where ${one_in(prior)} is a miner`,
          cell: (point) => {
            const figure = precision_of(prior, point);
            return figure.value === null ? <span class="weak">no alert</span> : <Share figure={figure} />;
          },
        },
        {
          head: 'Seconds to alert',
          what: 'median, 90th percentile',
          right: true,
          cell: ({ seconds_to_alert: t }) => (t ? <span class="number">{seconds(t.median)}, {seconds(t.p90)}</span> : '–'),
        },
      ]}
    />
  );
}

const kUsualPrior = 0.001;

export function Points({ report, focus }: { report: Report; focus: string }) {
  const names = models_of(report);
  const [shown, set_shown] = useState(names);
  const [prior, set_prior] = useState(Math.min(kUsualPrior, report.about.test_mix));
  const model = report.models[focus];
  const first = model?.operating_points[0];
  if (!model || !first) return null;
  const place: Place = (point) => ({ x: point.false_positive_rate, y: point.recall });
  return (
    <Section id="points" number={2} title="Operating points">
      <p class="lede">
        A lower threshold finds more miners and alerts more honest programs. Each model is judged at the point it ships with (large, hollow; where F<sub>0.5</sub>, which weighs
        precision more than recall, was highest inside each fold) and at {model.operating_points.length - 1} fixed ones, chosen there as the share of honest programs let through. Every interval here holds at{' '}
        {(100 * first.recall.level).toFixed(2)}&nbsp;%, so that recall and false positive rate of all of them hold together at 95&nbsp;%: one may be chosen afterwards.
      </p>
      <Toggles names={names} shown={shown} set_shown={set_shown} />
      <div class="pair">
        <Chart
          title="Recall against false positive rate, by runs"
          words={`${model_name(focus)}, at the point that ships: recall ${share_with_range(first.recall)} at a false positive rate of ${share_with_range(first.false_positive_rate)}. The table of operating points has them all.`}
          of={[report, shown, focus]}
          draw={(width) =>
            draw_points(width, {
              dots: dots_of(report, shown, place),
              focus,
              band: shown.includes(focus) ? band_of(model.operating_points) : [],
              axes: { x: { ...kRate, label: 'False positive rate, % (square-root scale) →' }, y: { ...kShare, label: '↑ Recall, %' } },
            })
          }
          note={band_note(model, focus)}
        />
        <Chart
          title="Precision against recall, by windows"
          words={names.map((name) => `${model_name(name)}: average precision ${share_with_range(report.models[name]!.windows.average_precision)}`).join('; ')}
          of={[report, shown, focus]}
          draw={(width) => draw_windows(width, report, shown, focus)}
          note={`Dashed: ${share(model.windows.prevalence)}, what an order by chance has, the share of windows that are miners’, programs weighing the same. Shaded: where the precision of the ${model_name(focus).toLowerCase()} may lie at one recall, exact over families; it is wide because families are few.`}
        />
      </div>
      <BaseRate report={report} model={model} focus={focus} shown={shown} prior={prior} set_prior={set_prior} />
      <details>
        <summary>The operating points as a table</summary>
        <PointTable model={model} focus={focus} prior={prior} />
      </details>
    </Section>
  );
}
