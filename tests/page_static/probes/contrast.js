// The words that stand out too little from what is behind them (less than 4.5 : 1): [class, words, ratio].
() => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const rgba = (color, under = null) => {
        context.clearRect(0, 0, 1, 1);
        if (under) { context.fillStyle = under; context.fillRect(0, 0, 1, 1); }
        context.fillStyle = color;
        context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data];
    };
    const css = ([r, g, b, a]) => `rgba(${r}, ${g}, ${b}, ${a / 255})`;
    const luminance = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
    const ground = (element) => {
        const layers = [];
        for (let one = element; one; one = one.parentElement) {
            const color = getComputedStyle(one).backgroundColor;
            if (rgba(color)[3]) layers.unshift(color);
            if (rgba(color)[3] === 255) break;
        }
        return layers.reduce((under, color) => css(rgba(color, under)), "white");
    };
    const poor = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.textContent.trim() || !element.checkVisibility({ visibilityProperty: true }) || element.closest(".visually-hidden, canvas, :disabled, option, noscript, .tick.last")) continue;
        const under = ground(element);
        const [a, b] = [luminance(rgba(getComputedStyle(element).color, under)), luminance(rgba(under))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) poor.push([element.className || element.tagName, walker.currentNode.textContent.trim().slice(0, 30), Math.round(ratio * 100) / 100]);
    }
    return poor;
}
