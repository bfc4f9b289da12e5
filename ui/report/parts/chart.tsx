import { useEffect, useRef, useState } from 'preact/hooks';

interface Props {
  title: string;
  /** What is seen, in words, for who does not see it. */
  words: string;
  /** Draws at this width, in pixels. */
  draw: (width: number) => SVGSVGElement | HTMLElement;
  /** Redrawn when one of these changes. */
  of: unknown[];
  note?: string;
}

/** A chart of Observable Plot under its title, drawn anew when its width changes. */
export function Chart({ title, words, draw, of, note }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [width, set_width] = useState(0);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => set_width(Math.round(element.clientWidth));
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (width > 0) box.current?.replaceChildren(draw(width));
  }, [width, ...of]);
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div ref={box} class="chart-box" role="img" aria-label={`${title}. ${words}`} />
      {note && <p class="chart-note">{note}</p>}
    </figure>
  );
}

/** What every chart has. */
export const kStyle = { fontFamily: 'inherit', fontSize: '12px', background: 'none', color: 'var(--ink-2)', overflow: 'visible' };

export const kShare = { type: 'linear', domain: [0, 1], ticks: [0, 0.25, 0.5, 0.75, 1], tickFormat: (v: number) => `${Math.round(100 * v)}`, grid: true } as const;
