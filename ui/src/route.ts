import { useEffect, useState } from 'preact/hooks';

/** What the page shows, told by the part of the URL after '#', so that every view can be linked to. */
export type Route = { view: 'home' } | { view: 'workload'; id: string } | { view: 'detection'; id: string };

export function read_route(hash: string): Route {
  const match = /^#\/(workload|detection)\/([0-9A-Za-z_-]{1,128})$/.exec(hash);
  if (!match) return { view: 'home' };
  return { view: match[1] as 'workload' | 'detection', id: match[2] as string };
}

export const workload_link = (id: string) => `#/workload/${encodeURIComponent(id)}`;
export const detection_link = (id: string) => `#/detection/${encodeURIComponent(id)}`;

export function useRoute(): Route {
  const [route, set] = useState(() => read_route(location.hash));
  useEffect(() => {
    const changed = () => {
      set(read_route(location.hash));
      scrollTo(0, 0);
    };
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}
