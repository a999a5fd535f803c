import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
export const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
/** A page in a headless browser, driven through its debugging pipe: see chromiumPage.d.mts. For tests and for the benchmarks beside them. */
export async function openPage(url, { width, height, flags = [] }) {
    const profile = mkdtempSync(join(tmpdir(), 'audiossl-chromium-'));
    const child = spawn(chromium, [
        ...['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-pipe', '--autoplay-policy=no-user-gesture-required'],
        ...flags,
        ...[`--user-data-dir=${profile}`, `--window-size=${width},${height}`, 'about:blank'],
    ], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    const [, , , input, output] = child.stdio;
    const waiting = new Map();
    let rest = '';
    let last = 0;
    let sessionId;
    output.on('data', (chunk) => {
        const messages = (rest + chunk.toString()).split('\0');
        rest = messages.pop();
        for (const text of messages) {
            const { id, result, error } = JSON.parse(text);
            const call = id === undefined ? undefined : waiting.get(id);
            if (id !== undefined)
                waiting.delete(id);
            if (error)
                call?.reject(new Error(error.message));
            else
                call?.resolve(result);
        }
    });
    const send = (method, params = {}) => new Promise((resolve, reject) => {
        const id = ++last;
        waiting.set(id, { resolve, reject });
        input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
    const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
    ({ sessionId } = (await send('Target.attachToTarget', { targetId, flatten: true })));
    await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
    await send('Page.enable');
    await send('Page.navigate', { url });
    const evaluate = async (expression) => {
        const { result, exceptionDetails } = (await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }));
        if (exceptionDetails)
            throw new Error(exceptionDetails.exception?.description ?? 'the expression failed');
        return result.value;
    };
    const until = async (expression) => {
        for (let i = 0; i < 600; i++) {
            if (await evaluate(`Boolean(${expression})`).catch(() => false))
                return;
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        throw new Error(`never true in the page: ${expression}`);
    };
    return {
        send,
        evaluate,
        until,
        async key(key) {
            const text = key.length === 1 ? { text: key } : {};
            await send('Input.dispatchKeyEvent', { type: 'keyDown', key, ...text });
            await send('Input.dispatchKeyEvent', { type: 'keyUp', key });
        },
        async mouse(type, x, y, modifiers = 0) {
            await send('Input.dispatchMouseEvent', { type, x, y, modifiers, button: type === 'mouseMoved' ? 'none' : 'left', clickCount: 1 });
        },
        async chooseFile(selector, path) {
            const { root } = (await send('DOM.getDocument'));
            const { nodeId } = await send('DOM.querySelector', { nodeId: root.nodeId, selector });
            await send('DOM.setFileInputFiles', { nodeId, files: [path] });
        },
        async close() {
            const ended = new Promise((resolve) => child.once('exit', resolve));
            child.kill('SIGKILL');
            await ended;
            await removeWhenQuiet(profile);
        },
    };
}
/** Chromium's helper processes end a little later than it does and still write; rmSync's own retries stop at a folder within that filled up anew. */
async function removeWhenQuiet(folder) {
    for (let left = 100;; left--) {
        try {
            return rmSync(folder, { recursive: true, force: true });
        }
        catch (error) {
            if (left === 0)
                throw error;
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
    }
}
