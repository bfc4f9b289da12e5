import { dot, line, plot, pointer, ruleY, text, tip } from '@observablehq/plot';
import { useState } from 'preact/hooks';
import { precision_of, says_nothing } from '../numbers';
import { model_name, one_in, quantity, range, seconds, share, share_with_range } from '../names';
import type { Figure, Model, Point, Report } from '../report';
import { Chart, kShare, kStyle } from './chart';
import { Mark, Section, Share, Tag, Whisker, colour_of, symbol_of } from './marks';
import { Table } from './table';

interface Dot {
  model: string;
  x: number;
  y: number;
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

function dots_of(report: Report, shown: string[], place: Place): Dot[] {
  return shown.flatMap((model) =>
    (report.models[model]?.operating_points ?? []).flatMap((point) => {
      const { x, y } = place(point);
      if (x.value === null || y.value === null) return [];
      const recall = share_with_range(point.recall);
      const words = `${model_name(model)}, ${point.asked === null ? 'the point that ships' : `asked for ${share(point.asked)}`}\nrecall ${recall}\nfalse positive rate ${share_with_range(point.false_positive_rate)}`;
      return [{ model, x: x.value, y: y.value, ships: point.asked === null, words }];
    }),
  );
}

/** The band of a model's points: the corner of each interval that flatters, there, and that which does not, back. */
function band_of(model: Model | undefined, place: Place, flat: (figure: Figure) => number): [number, number][] {
  const points = (model?.operating_points ?? []).filter((point) => point.asked !== null).map(place);
  const best = points.map(({ x, y }): [number, number] => [flat(x), y.high ?? 1]);
  const worst = points.map(({ x, y }): [number, number] => [flat(x) === x.low ? (x.high ?? 1) : x.low, y.low]);
  return [...best, ...worst.reverse()];
}

function draw_points(width: number, dots: Dot[], band: [number, number][], focus: string, axes: object) {
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
      line(band, { fill: colour_of(focus), fillOpacity: 0.12, stroke: 'none', curve: 'linear-closed' }),
      line(rows, { x: 'x', y: 'y', z: 'model', stroke: (one: Dot) => colour_of(one.model), strokeWidth: 1.5 }),
      dot(rows, { x: 'x', y: 'y', fill: (one: Dot) => colour_of(one.model), symbol: (one: Dot) => symbol_of(one.model), r: 2.8 }),
      dot(ships, { x: 'x', y: 'y', stroke: (one: Dot) => colour_of(one.model), fill: 'var(--surface)', strokeWidth: 2, r: 5.5, symbol: (one: Dot) => symbol_of(one.model) }),
      text(mine, { x: 'x', y: 'y', text: () => 'ships', dx: 10, dy: 12, textAnchor: 'start', fill: 'var(--ink)', stroke: 'var(--surface)', strokeWidth: 4, fontWeight: 600 }),
      tip(dots, pointer({ x: 'x', y: 'y', title: 'words', fill: 'var(--surface)', stroke: 'var(--line-strong)' })),
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
          <Mark model={name} /> {model_name(name)}
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
  const precision = precision_of(prior, point.for_precision);
  const place: Place = (one) => ({ x: one.recall, y: precision_of(prior, one.for_precision) });
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
        words={`${model_name(focus)}, at the point that ships: recall ${share_with_range(model.operating_points[0]?.recall ?? point.recall)}, precision ${share_with_range(precision_of(prior, (model.operating_points[0] ?? point).for_precision))}. The table of operating points has them all.`}
        of={[report, shown, focus, prior]}
        draw={(width) =>
          draw_points(width, dots_of(report, shown, place), band_of(model, place, (x) => x.high ?? 1), focus, {
            x: { ...kShare, label: 'Recall, % →' },
            y: { ...kShare, label: '↑ Precision, %' },
          })
        }
        note="By runs: alerted or not. A point at which nothing was alerted has no precision and is not drawn."
      />
    </div>
  );
}

function draw_windows(width: number, report: Report, shown: string[]) {
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
      chance === undefined ? null : text([chance], { x: 0, y: (v) => v, text: () => 'by chance', dy: -8, dx: 4, textAnchor: 'start', fill: 'var(--ink-3)' }),
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
            const figure = precision_of(prior, point.for_precision);
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

interface Props {
  report: Report;
  focus: string;
  prior: number;
  set_prior: (prior: number) => void;
}

export function Points({ report, focus, prior, set_prior }: Props) {
  const names = Object.keys(report.models);
  const [shown, set_shown] = useState(names);
  const model = report.models[focus];
  const first = model?.operating_points[0];
  if (!model || !first) return null;
  const place: Place = (point) => ({ x: point.false_positive_rate, y: point.recall });
  return (
    <Section id="points" number={2} title="Operating points">
      <p class="lede">
        A lower threshold finds more miners and alerts more honest programs. Each model is judged at the point that ships (large, hollow) and at {model.operating_points.length - 1} fixed ones,
        chosen inside each fold as the share of honest programs let through. The band is of the {model_name(focus).toLowerCase()}: its intervals hold at{' '}
        {(100 * first.recall.level).toFixed(2)}&nbsp;% each, so at 95&nbsp;% for all points together. Choosing one afterwards is allowed.
      </p>
      <Toggles names={names} shown={shown} set_shown={set_shown} />
      <div class="pair">
        <Chart
          title="Recall against false positive rate, by runs"
          words={`${model_name(focus)}, at the point that ships: recall ${share_with_range(first.recall)} at a false positive rate of ${share_with_range(first.false_positive_rate)}. The table of operating points has them all.`}
          of={[report, shown, focus]}
          draw={(width) =>
            draw_points(width, dots_of(report, shown, place), band_of(model, place, (x) => x.low), focus, {
              x: { ...kRate, label: 'False positive rate, % (square-root scale) →' },
              y: { ...kShare, label: '↑ Recall, %' },
            })
          }
        />
        <Chart
          title="Precision against recall, by windows"
          words={names.map((name) => `${model_name(name)}: average precision ${share_with_range(report.models[name]!.windows.average_precision)}`).join('; ')}
          of={[report, shown]}
          draw={(width) => draw_windows(width, report, shown)}
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
