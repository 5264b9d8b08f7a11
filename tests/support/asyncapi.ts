import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { callOnce } from './client';

interface AsyncapiDocument {
  readonly asyncapi: string;
  readonly channels: Readonly<Record<string, { readonly messages: Readonly<Record<string, { readonly payload: object }>> }>>;
  readonly components: object;
}

/** The messages of one channel, as a service's own AsyncAPI document has them. */
export class MessageContract {
  private constructor(readonly version: string, private readonly validators: ReadonlyMap<string, ValidateFunction>) {}

  static async of(url: string, channel: 'stream' | 'orders'): Promise<MessageContract> {
    const { asyncapi, channels, components } = (await callOnce<AsyncapiDocument>(url, 'GET', '/asyncapi.json')).body;
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats(ajv);
    ajv.addSchema({ components }, 'document');
    return new MessageContract(asyncapi, new Map(Object.entries(channels[channel]?.messages ?? {}).map(([name, { payload }]) => [
      name, ajv.compile(JSON.parse(JSON.stringify(payload).replaceAll('"#/components', '"document#/components')) as object),
    ])));
  }

  /** What the document does not allow of a message, or that it does not know such messages. */
  violations(name: string, message: unknown): unknown[] {
    const validate = this.validators.get(name);
    if (validate === undefined) return [{ message, unknown: name }];
    return validate(message) ? [] : [{ message, errors: validate.errors }];
  }
}
