// A strip's pixels: a row above it, its rows, and a row below it.
(canvas) => {
    const density = canvas.width / canvas.clientWidth;
    const pixels = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    const row = (y) => [...pixels.slice(y * canvas.width, (y + 1) * canvas.width)];
    const strip = [];
    for (let y = 8 * density; y < canvas.height - 7 * density; y++) strip.push(row(Math.round(y)));
    return { pin: row(Math.round(3.5 * density)), strip, under: row(canvas.height - 3) };
}
