export const openapiDocument: Readonly<Record<string, unknown>> = { openapi: '3.1.0', info: { title: 'Openfill', version: '0.1.0' }, paths: {} };
