/** Where something stands in an object: keys and list positions, from the root down. */
export type Path = readonly (string | number)[];

const plainKey = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** `['spec', 'steps', 1, 'a/b']` → `spec.steps[1]["a/b"]`. The empty path is the empty string. */
export function formatPath(path: Path): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (plainKey.test(segment)) text += text === '' ? segment : `.${segment}`;
    else text += `[${JSON.stringify(segment)}]`;
  }
  return text;
}

const segmentPattern = /\.?([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y;

/** The inverse of {@link formatPath}. Text that is no path is read as far as it goes. */
export function parsePath(text: string): Path {
  const path: (string | number)[] = [];
  segmentPattern.lastIndex = 0;
  for (let found = segmentPattern.exec(text); found !== null; found = segmentPattern.exec(text)) {
    const [, key, index, quoted] = found;
    if (key !== undefined) path.push(key);
    else if (index !== undefined) path.push(Number(index));
    else if (quoted !== undefined) path.push(JSON.parse(quoted) as string);
  }
  return path;
}
