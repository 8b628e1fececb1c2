// Shapes of what the API answers, for the type checker; nothing here runs.

/**
 * A video, as `docs/http-api.md` tells it.
 * @typedef {{id: string, state: "queued" | "in_progress" | "completed" | "failed" | "cancelled",
 *   cancelling: boolean, progress: number, created_at: number, completed_at: number | null, model: string,
 *   prompt: string, seconds: string, size: string, generative: boolean, num_frames: number, fps: number,
 *   seed: number, sound: boolean, stage: string | null, eta_s: number | null,
 *   queue_position: number | null, task: string, notes: string[], request: Record<string, any>, plan: Record<string, any>,
 *   error: {code: string, message: string, hint: string | null} | null,
 *   input: {name: string, width: number, height: number},
 *   last_input: {name: string, width: number, height: number} | null,
 *   output: {size_bytes: number, elapsed_s: number, peak_bytes: number, format: string, thumbnail: boolean,
 *     spritesheet: boolean} | null}} Video
 */

/**
 * @typedef {{low: number, high: number}} Range
 * @typedef {{default: number | string | boolean, about: {en: string, zh: string}, limits: Range | null,
 *   choices: string[]}} Option
 * @typedef {{id: string, title: string, description: string, licence: string, licence_zh: string,
 *   licence_notes: {en: string, zh: string}[], generative: boolean, default: boolean,
 *   native: Record<string, any>, frames: Range, fps: Range, side: Range, side_grid: number,
 *   frame_stride: number, steps: Range | null, guidance: Range | null, negative_prompt: boolean,
 *   prompt_languages: string[], interpolates: boolean, loops: boolean, last_picture: "no" | "can" | "must", options: Record<string, Option>,
 *   sizes: string[], only_sizes: boolean, licence_limits: string, download_bytes: number, weights: {state: "ready" | "missing" | "unusable"} | null}} Card
 * @typedef {{usable: boolean, fits: boolean, reason: string, rank: number, estimated_seconds: number | null}} Suiting
 */

/**
 * The picture in the composer. `width` and `height` are 0 where this browser cannot show it (HEIC).
 * `quiet`: the stage goes on showing what it shows. `made`: the videos that are of it. `of`: a video whose
 * picture it is, which the server has; empty for a file of the person's.
 * @typedef {{blob: Blob, name: string, width: number, height: number, url: string,
 *   quiet: boolean, made: Set<string>, of: string}} Picture
 */

export {};
