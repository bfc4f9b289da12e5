import { useEffect, useRef, useState } from 'preact/hooks';
import { get, Refused } from './api';
import { follow, type Live } from './follow';

/** One summary a slice; see follow(). */
export function useLive(): Live {
  const [live, set] = useState<Live>({ summary: null, link: 'opening' });
  useEffect(() => follow((news) => set((was) => ({ ...was, ...news }))), []);
  return live;
}

export interface Answer<T> {
  value: T | null;
  /** Why there is no newer value. `gone`: the server does not hold it (any more). */
  problem: { gone: boolean; text: string } | null;
}

/** `path` fetched anew whenever `version` changes. The last value stays while the next is on its way. */
export function useAnswer<T>(path: string | null, version: number | undefined): Answer<T> {
  const [answer, set] = useState<Answer<T>>({ value: null, problem: null });
  const shown = useRef<string | null>(null);
  useEffect(() => {
    if (shown.current !== path) set({ value: null, problem: null });
    shown.current = path;
    if (path === null) return undefined;
    const abort = new AbortController();
    get<T>(path, abort.signal).then(
      (value) => set({ value, problem: null }),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const gone = error instanceof Refused && error.status === 404;
        set((was) => ({ value: was.value, problem: { gone, text: error instanceof Error ? error.message : String(error) } }));
      },
    );
    return () => abort.abort();
  }, [path, version]);
  return answer;
}
