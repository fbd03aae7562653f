() => {
    // Returns the number of texts, and those whose contrast with the background is below 4.5 to 1,
    // as defined by WCAG 2.
    const channel = (value) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
    const luminance = (colour) => {
        const [red, green, blue] = numbers(colour).map(channel);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const background = (element) => {
        for (let above = element; above; above = above.parentElement) {
            const colour = getComputedStyle(above).backgroundColor;
            const channels = numbers(colour);
            if (channels.length < 4 || channels[3] === 1) return colour;
        }
        return "rgb(255, 255, 255)";
    };
    const lowContrast = [];
    let texts = 0;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        const text = walker.currentNode.textContent.trim();
        if (!text || element.closest("svg, script, style")) continue;
        texts += 1;
        const [one, other] = [luminance(getComputedStyle(element).color), luminance(background(element))];
        const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        if (ratio < 4.5) lowContrast.push(`${text}: ${ratio.toFixed(2)}`);
    }
    return { texts, lowContrast };
}
