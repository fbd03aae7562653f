() => new Promise((done) => {
  // Unfolds all of a page of Robot, moves the mouse over everything, and returns what was seen.
  const isRobots = (href) => /^javascript:\w+\(('[\w-]*'|0)?\)$/.test(href);
  const isScript = (href) =>
    /^[\s\0]*(javascript|vbscript|data):/i.test(href) && !isRobots(href);
  const stores = () => {
    try {
      localStorage.setItem('seen', '1');
      return localStorage.getItem('seen') === '1';
    } catch {
      return false;
    }
  };
  const look = () => {
    for (const one of document.querySelectorAll('[onmouseover]'))
      one.dispatchEvent(new MouseEvent('mouseover'));
    const links = [...document.querySelectorAll('a')].map((a) => a.getAttribute('href') || '');
    done({
      ran: [...new Set(window.ran || [])].sort(),
      scripts: links.filter(isScript),
      pictures: [...document.querySelectorAll('img[src^="data:image/png"]')].length,
      origin: self.origin,
      stored: stores(),
      tests: document.querySelectorAll('.test').length,
      text: document.body.innerText,
    });
  };
  // Robot draws what is unfolded a little later: all is there when nothing was added for a second.
  let size = 0;
  let looksWithoutChange = 0;
  const unfold = () => {
    const closed = [...document.querySelectorAll('.element-header.closed')];
    closed.forEach((one) => one.click());
    const now = document.getElementsByTagName('*').length;
    looksWithoutChange = closed.length || now !== size ? 0 : looksWithoutChange + 1;
    size = now;
    if (looksWithoutChange < 10) setTimeout(unfold, 100);
    else look();
  };
  unfold();
})
