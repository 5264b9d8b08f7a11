import { dirname } from 'node:path';
import { CALLS } from '#openfill-contract';
import type { Page } from '../../../http/dialect';

/**
 * The page that shows the contract and tries it; scripts and styles are served beside it. All addresses are relative: a proxy
 * may serve the venue below a path of its own, which nobody here knows.
 * @param hasSlash whether the page was asked for with a slash at its end: addresses count from there
 */
function docsPage(hasSlash: boolean): string {
  const base = hasSlash ? '' : 'docs/';
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Openfill API</title>
  <link rel="icon" type="image/png" href="${base}assets/favicon-32x32.png">
  <link rel="stylesheet" href="${base}assets/swagger-ui.css">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="${base}assets/swagger-ui-bundle.js"></script>
  <script src="${base}start.js"></script>
</body>
</html>
`;
}

/** A file of its own: the page's content security policy allows no inline script. It knows the document by its own address. */
const DOCS_SCRIPT = `SwaggerUIBundle({
  url: new URL('../openapi.json', document.currentScript.src).href,
  dom_id: '#swagger-ui', deepLinking: true, tryItOutEnabled: true, displayRequestDuration: true, defaultModelsExpandDepth: 0,
});
`;

/** The document to read and to try. Of the package only what the page loads: its own page and its maps stay out. */
export const DOCS_PAGE: Page = {
  path: CALLS.getDocs.path,
  html: docsPage,
  scripts: { 'start.js': DOCS_SCRIPT },
  assets: {
    directory: dirname(require.resolve('swagger-ui-dist/package.json')),
    files: ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'],
  },
};
