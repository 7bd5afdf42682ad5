const USUAL_WIDTH = 80

/** Columns of a terminal; the usual number where the output goes elsewhere. */
export function widthOf(stream: { columns?: number }): number {
  return stream.columns && stream.columns > 0 ? stream.columns : USUAL_WIDTH
}

/** Breaks a text between words, and begins each line with the indent. A word that is too long has a line to itself. */
export function wrapped(text: string, width: number, indent = ''): string {
  const lines: string[] = []
  for (const word of text.split(/\s+/).filter((one) => one !== '')) {
    const line = lines.at(-1)
    const longer = `${line} ${word}`
    if (line !== undefined && longer.length <= width) lines[lines.length - 1] = longer
    else lines.push(indent + word)
  }
  return lines.join('\n')
}
