// How many colours there are along the middle of the first strip.
() => { const canvas = document.querySelector("[data-account] canvas");
        return new Set(new Uint32Array(canvas.getContext("2d").getImageData(0, Math.round(canvas.height / 2), canvas.width, 1).data.buffer)).size; }
