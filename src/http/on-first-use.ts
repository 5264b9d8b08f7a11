/** What takes a while to make, and is asked of few processes: made when it is first wanted, so that no start waits for it. */
export function onFirstUse<T extends object>(make: () => T): () => T {
  let made: T | null = null;
  return () => (made ??= make());
}
