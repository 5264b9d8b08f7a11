/** What a later version of this program has written: what it means is not known here, and nothing of it may be changed. */
export class LaterVersionError extends Error {
  /**
   * @param holder what holds it, as the subject of a sentence
   * @param found its version
   * @param known the highest version that this program knows
   */
  constructor(holder: string, found: number, known: number) {
    super(`${holder} of version ${found} and this program knows versions up to ${known}: start the program that made it, or a newer one; nothing was changed`);
    this.name = 'LaterVersionError';
  }
}
