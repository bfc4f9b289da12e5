import { dot, plot } from '@observablehq/plot';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { model_name, range, share } from '../names';
import type { Figure } from '../report';
import { kStyle } from './chart';

const kSymbols = { additive: 'hexagon', layered: 'diamond2', forest: 'circle', boost: 'square', svm: 'triangle', ocsvm: 'diamond', iforest: 'star', iforest_mixed: 'wye', rules: 'cross' } as const;
const known = (model: string): model is keyof typeof kSymbols => Object.hasOwn(kSymbols, model);

export const colour_of = (model: string): string => `var(--m-${known(model) ? model : 'rules'})`;
export const symbol_of = (model: string) => (known(model) ? kSymbols[model] : 'asterisk');

/** A model's mark, as charts draw it. */
export function Mark({ model }: { model: string }) {
  const box = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const mark = dot([0], { x: 0, y: 0, fill: colour_of(model), symbol: symbol_of(model), r: 4.5 });
    box.current?.replaceChildren(plot({ width: 14, height: 14, margin: 0, axis: null, x: { domain: [-1, 1] }, y: { domain: [-1, 1] }, marks: [mark], style: kStyle }));
  }, [model]);
  return <span ref={box} class="mark" aria-hidden="true" />;
}

/** A model's mark and name. */
export const Name = ({ model }: { model: string }) => (
  <span class="model">
    <Mark model={model} /> <span>{model_name(model)}</span>
  </span>
);

const at = (value: number, top: number): string => `${Math.max(0, Math.min(100, (100 * value) / top))}%`;

/** An interval on a scale from 0 to `top`, beside text that says the same. `late`: hollow. */
export function Whisker({ figure, top = 1, late = false }: { figure: Figure; top?: number; late?: boolean }) {
  if (figure.value === null) return <span class="track" aria-hidden="true" />;
  const left = at(figure.low, top);
  return (
    <span class={late ? 'track late' : 'track'} aria-hidden="true">
      <span class="whisker" style={{ left, right: `calc(100% - ${at(figure.high ?? top, top)})` }} />
      <span class="middle" style={{ left: at(figure.value, top) }} />
    </span>
  );
}

/** A share with its interval, in words and drawn. */
export function Share({ figure, units, late = false }: { figure: Figure; units?: string | undefined; late?: boolean }) {
  if (figure.n === 0 || figure.value === null) return <span class="weak">none judged</span>;
  return (
    <span class="share">
      <span class="number">
        <span class="strong">{share(figure.value)}</span> <span class="weak nowrap">{range(figure, share)}{units && ` · ${units}`}</span>
      </span>
      <Whisker figure={figure} late={late} />
    </span>
  );
}

interface SectionProps {
  id: string;
  title: string;
  number: number;
  children: ComponentChildren;
}

export function Section({ id, title, number, children }: SectionProps) {
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>
        <span class="section-number">{number}</span> {title}
      </h2>
      {children}
    </section>
  );
}

export const Tag = ({ children, strong = false }: { children: ComponentChildren; strong?: boolean }) => <span class={strong ? 'tag tag-strong' : 'tag'}>{children}</span>;
