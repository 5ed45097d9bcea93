/** Where a part of a picture is, and how large. */
export interface Part {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The room that a part takes when it is turned by degrees, -90 to 90. */
function around({ width, height }: Part, degrees: number): { width: number; height: number } {
  const angle = Math.abs(degrees) * Math.PI / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return { width: width * cos + height * sin, height: width * sin + height * cos };
}

/** How much a picture must be enlarged about the middle of a part of it, to fill that part when it is turned by degrees. */
export function filling(part: Part, whole: { readonly width: number; readonly height: number }, degrees: number): number {
  const room = around(part, degrees);
  const [x, y] = [part.x + part.width / 2, part.y + part.height / 2];
  return Math.max(1, room.width / 2 / Math.min(x, whole.width - x), room.height / 2 / Math.min(y, whole.height - y));
}

/** What of a picture is seen of it then. */
export function seen(part: Part, whole: { readonly width: number; readonly height: number }, degrees: number): Part {
  const room = around(part, degrees);
  const enlarged = filling(part, whole, degrees);
  const [width, height] = [Math.min(whole.width, room.width / enlarged), Math.min(whole.height, room.height / enlarged)];
  const within = (at: number, length: number, most: number): number => Math.max(0, Math.min(most - length, at));
  return {
    width, height,
    x: within(part.x + (part.width - width) / 2, width, whole.width), y: within(part.y + (part.height - height) / 2, height, whole.height),
  };
}
