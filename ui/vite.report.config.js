// Builds report/ into one file that needs no other: the page that `davy evaluate` fills with its report.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vite';

/** The licences of the packages that modules at `paths` came from. */
function licences(paths) {
  const roots = new Set(paths.flatMap((path) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []));
  roots.add(new URL('node_modules/@fontsource-variable/inter', import.meta.url).pathname);
  const names = new Map();
  for (const root of [...roots].sort()) {
    const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license'].map((one) => join(root, one)).find(existsSync);
    if (!file) throw new Error(`${name} has no licence`);
    const text = readFileSync(file, 'utf8').trim();
    names.set(text, [...(names.get(text) ?? []), `${name} ${version}`]);
  }
  return [...names].map(([text, of]) => `${of.join('\n')}\n\n${text}\n`).join('\n' + '-'.repeat(78) + '\n\n');
}

/** Puts script and styles into the page. Nothing else runs there: a script needs the hash that the page names. */
function one_file() {
  return {
    name: 'one-file',
    enforce: 'post',
    generateBundle(_, bundle) {
      const parts = Object.values(bundle);
      const page = parts.find((part) => part.fileName.endsWith('.html'));
      const scripts = parts.filter((part) => part.type === 'chunk');
      const styles = parts.filter((part) => part.fileName.endsWith('.css'));
      const others = parts.filter((part) => part !== page && !scripts.includes(part) && !styles.includes(part));
      if (scripts.length !== 1 || others.length) throw new Error(`the report is not one file: ${parts.map((part) => part.fileName)}`);
      const code = scripts[0].code.trim().replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
      const hash = createHash('sha256').update(code).digest('base64');
      const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; font-src data:; img-src data:; base-uri 'none'; form-action 'none'`;
      const head = `<meta http-equiv="Content-Security-Policy" content="${policy}" />\n    <style>${styles.map((style) => style.source).join('')}</style>\n  </head>`;
      const text = licences(Object.keys(scripts[0].modules)).replaceAll('<', '\u2039');
      const body = `<script type="text/plain" id="licences">${text}</script>\n    <script type="module">${code}</script>\n  </body>`;
      page.source = page.source
        .replace(/\s*<script type="module"[^>]*src=[^>]*><\/script>/, '')
        .replace(/\s*<link rel="stylesheet"[^>]*>/, '')
        .replace('</head>', () => head)
        .replace('</body>', () => body);
      for (const part of [...scripts, ...styles]) delete bundle[part.fileName];
    },
  };
}

export default defineConfig({
  root: 'report',
  base: './',
  plugins: [one_file()],
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  build: {
    outDir: '../dist-report',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: Infinity,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    chunkSizeWarningLimit: 600,
  },
});
