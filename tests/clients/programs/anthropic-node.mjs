// What a program with the `@anthropic-ai/sdk` package for Node gets from the server whose URL is its argument, as JSON.

import Anthropic, { BadRequestError, NotFoundError } from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: process.argv[2], apiKey: "none", maxRetries: 0 });
const asked = { model: "script", max_tokens: 200, temperature: 0 };
const schema = (properties) => ({ type: "object", properties, required: Object.keys(properties) });
const weather = {
  name: "get_weather",
  description: "The weather of a city.",
  input_schema: schema({ city: { type: "string" } }),
};
const person = { ...schema({ name: { type: "string" }, age: { type: "integer" } }), additionalProperties: false };

const user = (content) => [{ role: "user", content }];
const calls = (message) =>
  message.content
    .filter((block) => block.type === "tool_use")
    .map(({ name, input }) => ({ name, arguments: input }));

const programs = {
  // A text in one piece.
  async chat() {
    return (await client.messages.create({ ...asked, messages: user("hello") })).content[0].text;
  },

  // The same text, streamed.
  async stream() {
    const pieces = [];
    for await (const event of await client.messages.create({ ...asked, messages: user("hello"), stream: true })) {
      if (event.type === "content_block_delta") pieces.push(event.delta.text);
    }
    return pieces;
  },

  // The tokens of a streamed answer, by the helper that puts its events together.
  async streamed_usage() {
    return (await client.messages.stream({ ...asked, messages: user("hello") }).finalMessage()).usage.output_tokens;
  },

  // A call, its result sent back, the answer.
  async tools() {
    const messages = user("weather");
    const said = await client.messages.create({ ...asked, messages, tools: [weather] });
    const { id } = said.content.find((block) => block.type === "tool_use");
    messages.push({ role: "assistant", content: said.content });
    messages.push({ role: "user", content: [{ type: "tool_result", tool_use_id: id, content: "sunny" }] });
    const answer = await client.messages.create({ ...asked, messages, tools: [weather] });
    return { ...calls(said)[0], answer: answer.content[0].text };
  },

  // Two calls, put together from a stream.
  async streamed_tools() {
    return calls(await client.messages.stream({ ...asked, messages: user("both"), tools: [weather] }).finalMessage());
  },

  // A call of the tool that has to be called.
  async forced_tool() {
    const tools = [{ name: "Person", input_schema: person }];
    const tool_choice = { type: "tool", name: "Person" };
    return calls(await client.messages.create({ ...asked, messages: user("person_call"), tools, tool_choice }))[0].arguments;
  },

  // An answer that is a person.
  async structured() {
    const output_config = { format: { type: "json_schema", schema: person } };
    return JSON.parse((await client.messages.create({ ...asked, messages: user("person"), output_config })).content[0].text);
  },

  // The same, streamed.
  async streamed_structured() {
    const output_config = { format: { type: "json_schema", schema: person } };
    return JSON.parse(await client.messages.stream({ ...asked, messages: user("person"), output_config }).finalText());
  },

  // What the model thought before it called.
  async thoughts() {
    return (await client.messages.create({ ...asked, messages: user("weather"), tools: [weather] })).content[0].thinking;
  },

  // Whether tokens are counted as an answer counts them.
  async counted() {
    const conversation = { model: "script", messages: user("hello"), tools: [weather] };
    const count = await client.messages.countTokens(conversation);
    return count.input_tokens === (await client.messages.create({ max_tokens: 1, ...conversation })).usage.input_tokens;
  },

  // What is raised for a model that is not there, and for a conversation without a message.
  async typed_errors() {
    const raised = [];
    for (const wish of [{ model: "nobody" }, { messages: [] }]) {
      await client.messages.create({ ...asked, messages: user("hello"), ...wish }).catch((error) => {
        if (error instanceof NotFoundError || error instanceof BadRequestError) raised.push(error.error.error.type);
      });
    }
    return raised;
  },
};

const got = {};
for (const [name, program] of Object.entries(programs)) got[name] = await program();
process.stdout.write(JSON.stringify(got));
