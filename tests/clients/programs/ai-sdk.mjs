// What a program with Vercel's AI SDK gets from the server whose URL is its argument, as JSON.

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const url = process.argv[2];
const provider = createOpenAICompatible({
  name: "ovpipe",
  baseURL: `${url}/v1`,
  apiKey: "none",
  includeUsage: true,
  supportsStructuredOutputs: true,
});
const common = { model: provider("script"), temperature: 0, maxRetries: 0 };

const Person = z.object({ name: z.string(), age: z.number() });
const get_weather = tool({
  description: "The weather of a city.",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ Paris: "sunny", Rome: "rainy" })[city],
});

const calls = (made) => made.map(({ toolName, input }) => ({ name: toolName, arguments: input }));

async function all(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return pieces;
}

const programs = {
  // A text in one piece.
  async chat() {
    return (await generateText({ ...common, system: "Be brief.", prompt: "hello" })).text;
  },

  // The same text, streamed.
  async stream() {
    return await all(streamText({ ...common, prompt: "hello" }).textStream);
  },

  // The tokens of a streamed answer, from the counts that come with its end.
  async streamed_usage() {
    return (await streamText({ ...common, prompt: "hello" }).usage).outputTokens;
  },

  // A call, its result sent back, the answer: all by the SDK.
  async tools() {
    const stopWhen = stepCountIs(2);
    const said = await generateText({ ...common, prompt: "weather", tools: { get_weather }, stopWhen });
    return { ...calls(said.steps[0].toolCalls)[0], answer: said.text };
  },

  // What the model thought before it called.
  async thoughts() {
    return (await generateText({ ...common, prompt: "weather", tools: { get_weather } })).reasoningText;
  },

  // Two calls, put together from a stream.
  async streamed_tools() {
    return calls(await streamText({ ...common, prompt: "both", tools: { get_weather } }).toolCalls);
  },

  // A call of the tool that has to be called.
  async forced_tool() {
    const tools = { Person: tool({ description: "Keeps a person.", inputSchema: Person }) };
    const toolChoice = { type: "tool", toolName: "Person" };
    const said = await generateText({ ...common, prompt: "person_call", tools, toolChoice });
    return said.toolCalls[0].input;
  },

  // An answer that is a Person.
  async structured() {
    const output = Output.object({ schema: Person });
    return (await generateText({ ...common, prompt: "person", output })).output;
  },

  // The same, streamed.
  async streamed_structured() {
    const output = Output.object({ schema: Person });
    return await streamText({ ...common, prompt: "person", output }).output;
  },
};

const got = {};
for (const [name, program] of Object.entries(programs)) got[name] = await program();
process.stdout.write(JSON.stringify(got));
