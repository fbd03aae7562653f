// Ghost loads what it makes pages of posts with when it needs it first. On a busy node that takes many
// seconds, in which it answers nobody; so it is loaded here, before Ghost takes its first visitor.
const { createRequire } = require("node:module");
const { isMainThread } = require("node:worker_threads");

if (isMainThread) {
    const ghost = createRequire(`${process.env.GHOST_INSTALL}/current/package.json`);
    const { htmlToLexical } = ghost("@tryghost/kg-html-to-lexical");
    const { DEFAULT_NODES } = ghost("@tryghost/kg-default-nodes");
    const { LexicalHTMLRenderer } = ghost("@tryghost/kg-lexical-html-renderer");
    const post = JSON.stringify(htmlToLexical("<p>A post.</p>"));
    new LexicalHTMLRenderer({ nodes: DEFAULT_NODES }).render(post);
}
