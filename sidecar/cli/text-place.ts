/** A place in a text; both count from 1, columns in UTF-16 units. */
interface TextPlace {
  readonly line: number;
  readonly column: number;
}

const LINE_FEED = 0x0a;

/** Finds lines and columns of UTF-8 byte offsets in a text; the text is searched for line ends once. */
export function placesIn(text: string): (byteOffset: number) => TextPlace {
  const bytes = Buffer.from(text);
  const starts = [0];
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) starts.push(at + 1);
  return (byteOffset) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= byteOffset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: bytes.toString('utf8', starts[low], byteOffset).length + 1 };
  };
}
