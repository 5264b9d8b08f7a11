// Settings of the scripts: `-e NAME=value`, else the environment, else the default. Each script says at its top which it knows.

export function text(name, fallback) {
  return __ENV[name] || fallback;
}

export function number(name, fallback) {
  const value = Number(text(name, fallback));
  if (!Number.isFinite(value) || value < 0) throw new Error(`${name}=${__ENV[name]} is not a number of 0 or more`);
  return value;
}
