import { fieldIn, fieldsOf, own, rulesOf, variantsOf, variesBy, word, type Field, type Rule, type Shape } from './language';

/** An object whose fields are the same whatever stands in it: one of those that a shape stands for. */
export interface Alternative {
  readonly name: string | null;
  readonly fields: Readonly<Record<string, Field>>;
  /** Those that say more than the fields do. */
  readonly rules: readonly Rule[];
}

function fieldsOfVariant(shape: Shape, variant: string | null): Record<string, Field> {
  const by = variesBy(shape);
  const fields: Record<string, Field> = {};
  for (const [name, field] of Object.entries(fieldsOf(shape))) {
    const found = name === by && variant !== null ? { is: word([variant]), presence: 'required' as const } : fieldIn(field, variant);
    if (found !== null) fields[name] = found;
  }
  return fields;
}

/** With the one of several names that is given, and what has to be there beside it. */
function withOne(fields: Readonly<Record<string, Field>>, chosen: string, among: readonly string[], rules: readonly Rule[]): Record<string, Field> {
  const needed = new Map<string, Field['presence']>([[chosen, 'required']]);
  for (const rule of rules) {
    if (rule.rule === 'needs' && needed.has(rule.field)) needed.set(rule.other, rule.own === true ? 'own' : 'required');
  }
  const kept = Object.entries(fields).filter(([name]) => name === chosen || !among.includes(name));
  return Object.fromEntries(kept.map(([name, field]) => {
    const presence = needed.get(name);
    if (presence === undefined) return [name, field];
    return [name, presence === 'own' ? own(field.is) : { is: field.is, presence }];
  }));
}

function saysMore(rule: Rule, fields: Readonly<Record<string, Field>>): boolean {
  switch (rule.rule) {
    case 'one':
      return false;
    case 'needs':
      // What stands in for it is for the field itself to say.
      return rule.field in fields && fields[rule.other]?.presence !== 'required' && fields[rule.other]?.presence !== 'own';
    case 'some':
      return rule.of.some((name) => name in fields) && rule.of.every((name) => fields[name]?.presence !== 'required');
    case 'not_both':
      return rule.of.every((name) => name in fields);
    case 'true_only_with': {
      const kind = fields[rule.flag]?.is;
      return kind?.kind === 'flag' && kind.always === undefined;
    }
    case 'just_with':
      return rule.field in fields;
  }
}

/** Takes a shape apart: by its variants, and by which one of several fields is given. */
export function alternativesOf(shape: Shape): readonly Alternative[] {
  const rules = rulesOf(shape);
  const variants = variantsOf(shape);
  const names = shape.variantNames;
  let alternatives = (variants.length === 0 ? [null] : variants).map((variant) => ({
    name: variant === null ? shape.name : names[variant] ?? null, fields: fieldsOfVariant(shape, variant),
  }));
  for (const rule of rules) {
    if (rule.rule !== 'one') continue;
    alternatives = alternatives.flatMap(({ fields }) => rule.of.map((chosen) => ({ name: null, fields: withOne(fields, chosen, rule.of, rules) })));
  }
  return alternatives.map(({ name, fields }) => ({ name, fields, rules: rules.filter((rule) => saysMore(rule, fields)) }));
}
