import { readFileSync } from 'node:fs';
import { defineConfig } from 'vite';

/** The licences of what ends up in the pages, as one file beside them: /licenses.txt. */
function licences() {
  const shipped = ['preact', 'uplot', '@fontsource-variable/inter'];
  return {
    name: 'licences',
    generateBundle() {
      const source = shipped
        .map((name) => {
          const root = new URL(`node_modules/${name}/`, import.meta.url);
          const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
          return `${name} ${version}\n\n${readFileSync(new URL('LICENSE', root), 'utf8').trim()}\n`;
        })
        .join('\n' + '-'.repeat(78) + '\n\n');
      this.emitFile({ type: 'asset', fileName: 'licenses.txt', source });
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [licences()],
  server: { proxy: { '/api': 'http://127.0.0.1:7979', '/metrics': 'http://127.0.0.1:7979' } },
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    target: 'es2022',
    // The Content-Security-Policy allows files of our own only: nothing inline, no data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    chunkSizeWarningLimit: 400,
  },
});
