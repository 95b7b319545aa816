/**
 * The four-letter words of the client port: the first four bytes of a connection, answered as text, then
 * closed. Apache's, and `admn`: the URL of the HTTP admin.
 */
export const FOUR_LETTER_WORDS = [
  'admn',
  'conf',
  'cons',
  'crst',
  'dirs',
  'dump',
  'envi',
  'gtmk',
  'hash',
  'isro',
  'mntr',
  'ruok',
  'srst',
  'srvr',
  'stat',
  'stmk',
  'wchc',
  'wchp',
  'wchs',
] as const;
/** A four-letter word. */
export type FourLetterWord = (typeof FOUR_LETTER_WORDS)[number];

const BY_NUMBER: ReadonlyMap<number, FourLetterWord> = new Map(
  FOUR_LETTER_WORDS.map((word) => [Buffer.from(word, 'latin1').readInt32BE(0), word]),
);

/** The word those four bytes spell, as the i32 a frame length would be; undefined for none. */
export const fourLetterWord = (firstInt: number): FourLetterWord | undefined => BY_NUMBER.get(firstInt);
