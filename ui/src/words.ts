// Numbers and names as people read them.
import type { Identity, Process } from './api';

/**
 * A name that comes from the kernel may be anything: control characters, direction overrides, nothing at all. Markup is
 * escaped by the renderer; here everything that would be invisible or turn the text around becomes visible as \xNN or
 * \uNNNN.
 */
export function safe(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0;
    if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** A sentence of the server: escaped like a name, its numbers kept together with their units. */
export const prose = (text: string): string => safe(text).replace(/(\d) (%|s|ms|min|h|d|KiB|MiB|GiB|CPUs?)(?=\W|$)/g, '$1\u00a0$2');

export const percent = (share: number, digits = 0): string => `${(100 * share).toFixed(digits)}\u00a0%`;

/** Score points a reason adds or takes: "+31", "−4". */
export function points(contribution: number): string {
  const value = Math.round(100 * contribution);
  if (value === 0) return contribution < 0 ? '−0' : '+0';
  return value > 0 ? `+${value}` : `−${-value}`;
}

export function age(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, '0')} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** A short time between two things: "0.6 ms", "13 s". */
export function pause(seconds: number): string {
  if (seconds < 1) return `${quantity(1000 * seconds)}\u00a0ms`;
  return seconds < 120 ? `${quantity(seconds)}\u00a0s` : age(seconds);
}

/** The same in one unit, for narrow columns. */
export function short_age(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 60) return `${Math.round(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

const kUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < kUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${kUnits[unit]}`;
}

export const count = (n: number): string => n.toLocaleString('en-GB').replace(/,/g, '\u202f');

export const many = (n: number, thing: string): string => `${count(n)} ${thing}${n === 1 ? '' : 's'}`;

export const cpus = (n: number): string => (n < 0.005 ? '0' : n.toFixed(2));

const two = (n: number) => String(n).padStart(2, '0');

/** Wall time of day on the reader's clock. */
export function clock(rfc3339: string): string {
  const t = new Date(rfc3339);
  return `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
}

/** The same with the date when it is not the day of `now`. */
export function moment(rfc3339: string, now: string | null): string {
  const t = new Date(rfc3339);
  const today = now !== null && new Date(now).toDateString() === t.toDateString();
  return today ? clock(rfc3339) : `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${clock(rfc3339)}`;
}

export const seconds_between = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1000;

/** A value of a feature: enough digits to tell it from what is normal, no more. */
export function quantity(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1000) return count(Math.round(value));
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 0.01) return value.toFixed(2);
  return value.toPrecision(1);
}

/** What a workload is called: "3f2a9c81d0b4", "session-3.scope", "cron.service". */
export function workload_name(workload: Identity): string {
  if (workload.container) return workload.container.slice(0, 12);
  const last = workload.cgroup.split('/').filter((part) => part !== '').at(-1) ?? workload.kind;
  return safe(/^[0-9a-f]{32,}$/.test(last) ? last.slice(0, 12) : last);
}

/** "docker.io/library/redis:7" as people say it: "redis:7". */
const image_name = (image: string): string => safe(image.replace(/^(docker\.io\/)?library\//, '').replace(/@sha256:.*$/, ''));

/** Where it comes from, in a few words. */
export function workload_kind(workload: Identity): string {
  if (workload.kind === 'container') {
    const runtime = workload.runtime ?? 'container';
    return workload.image ? `${runtime} · ${image_name(workload.image)}` : runtime;
  }
  return workload.kind === 'session' ? 'login session' : 'system service';
}

export const process_name = (process: Pick<Process, 'comm'> | null): string => (process ? safe(process.comm) || '(no name)' : '(no process left)');

/** "a, b and c" */
export const list = (words: string[], last = 'and'): string => (words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`);
