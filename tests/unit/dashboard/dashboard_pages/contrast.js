() => {
    // Texts whose colour does not stand out from what is behind them by 4.5 to 1, as WCAG 2 counts.
    const channel = (value) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
    const light = (colour) => {
        const [red, green, blue] = parts(colour).map(channel);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const behind = (element) => {
        for (let above = element; above; above = above.parentElement) {
            const colour = getComputedStyle(above).backgroundColor;
            const seen = parts(colour);
            if (seen.length < 4 || seen[3] === 1) return colour;
        }
        return "rgb(255, 255, 255)";
    };
    const faint = [];
    let texts = 0;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        const text = walker.currentNode.textContent.trim();
        if (!text || element.closest("svg, script, style")) continue;
        texts += 1;
        const [one, other] = [light(getComputedStyle(element).color), light(behind(element))];
        const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        if (ratio < 4.5) faint.push(`${text}: ${ratio.toFixed(2)}`);
    }
    return { texts, faint };
}
