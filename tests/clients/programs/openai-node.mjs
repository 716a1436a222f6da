// What a program with the `openai` package for Node gets from the server whose URL is its argument, as JSON.

import OpenAI, { BadRequestError, NotFoundError } from "openai";
import { zodFunction, zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const model = "script";
const temperature = 0;
const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: "none", maxRetries: 0 });
const completions = client.chat.completions;

const Person = z.object({ name: z.string(), age: z.number().int() });
const weather = {
  name: "get_weather",
  description: "The weather of a city.",
  parameters: z.object({ city: z.string() }),
};

const user = (content) => [{ role: "user", content }];
const calls = (message) =>
  message.tool_calls.map(({ function: { name, arguments: text } }) => ({ name, arguments: JSON.parse(text) }));

const programs = {
  // A text in one piece.
  async chat() {
    const answer = await completions.create({ model, temperature, messages: user("hello") });
    return answer.choices[0].message.content;
  },

  // The same text, streamed.
  async stream() {
    const pieces = [];
    const chunks = await completions.create({ model, temperature, messages: user("hello"), stream: true });
    for await (const chunk of chunks) {
      if (chunk.choices[0].delta.content) pieces.push(chunk.choices[0].delta.content);
    }
    return pieces;
  },

  // The tokens of a streamed answer, from the counts that come with its end.
  async streamed_usage() {
    const stream_options = { include_usage: true };
    const runner = completions.stream({ model, temperature, messages: user("hello"), stream_options });
    return (await runner.totalUsage()).completion_tokens;
  },

  // A call, its result sent back, the answer: all by the client's own loop.
  async tools() {
    const tool = zodFunction({ ...weather, function: ({ city }) => ({ Paris: "sunny" })[city] });
    const runner = completions.runTools({ model, temperature, messages: user("weather"), tools: [tool] });
    const answer = await runner.finalContent();
    return { ...calls(runner.messages.find((message) => message.tool_calls))[0], answer };
  },

  // Two calls, put together from a stream.
  async streamed_tools() {
    const tools = [zodFunction(weather)];
    const runner = completions.stream({ model, temperature, messages: user("both"), tools });
    return calls(await runner.finalMessage());
  },

  // A call of the tool that has to be called.
  async forced_tool() {
    const tools = [zodFunction({ name: "Person", parameters: Person })];
    const tool_choice = { type: "function", function: { name: "Person" } };
    const messages = user("person_call");
    const said = await completions.parse({ model, temperature, messages, tools, tool_choice });
    return said.choices[0].message.tool_calls[0].function.parsed_arguments;
  },

  // An answer that is a Person.
  async structured() {
    const response_format = zodResponseFormat(Person, "person");
    const said = await completions.parse({ model, temperature, messages: user("person"), response_format });
    return said.choices[0].message.parsed;
  },

  // The same, streamed.
  async streamed_structured() {
    const response_format = zodResponseFormat(Person, "person");
    const runner = completions.stream({ model, temperature, messages: user("person"), response_format });
    return (await runner.finalChatCompletion()).choices[0].message.parsed;
  },

  // A text completion.
  async completion() {
    const answer = await client.completions.create({ model, temperature, prompt: "<|hello|>" });
    return answer.choices[0].text;
  },

  // A text of the Responses API.
  async responses() {
    return (await client.responses.create({ model, temperature, input: "hello" })).output_text;
  },

  // The same, streamed.
  async responses_stream() {
    const pieces = [];
    const stream = client.responses.stream({ model, temperature, input: "hello" });
    stream.on("response.output_text.delta", (event) => pieces.push(event.delta));
    const final = await stream.finalResponse();
    if (final.output_text !== pieces.join("")) throw new Error("the pieces are not the text");
    return pieces;
  },

  // A call, its result sent in the response after, and the answer.
  async responses_tools() {
    const parameters = { type: "object", properties: { city: { type: "string" } } };
    const tools = [{ type: "function", name: "get_weather", parameters, strict: false }];
    const first = await client.responses.create({ model, temperature, input: "weather", tools });
    const call = first.output.find((item) => item.type === "function_call");
    const input = [{ type: "function_call_output", call_id: call.call_id, output: "sunny" }];
    const previous_response_id = first.id;
    const answer = await client.responses.create({ model, temperature, input, tools, previous_response_id });
    return { name: call.name, arguments: JSON.parse(call.arguments), answer: answer.output_text };
  },

  // An answer that is a Person.
  async responses_structured() {
    const text = { format: zodTextFormat(Person, "person") };
    return (await client.responses.parse({ model, temperature, input: "person", text })).output_parsed;
  },

  // A response that is read again, its input items, and what is raised when it is deleted.
  async responses_kept() {
    const { id } = await client.responses.create({ model, temperature, input: "hello" });
    const kept = [(await client.responses.retrieve(id)).output_text];
    for await (const item of client.responses.inputItems.list(id)) kept.push(item.type);
    await client.responses.delete(id);
    await client.responses.retrieve(id).catch((error) => kept.push(error.code));
    return kept;
  },

  // What is raised for a model that is not there, and for a value out of range.
  async errors() {
    const raised = [];
    for (const wish of [{ model: "nobody" }, { model, temperature: 9 }]) {
      await completions.create({ messages: user("hello"), ...wish }).catch((error) => {
        if (error instanceof NotFoundError) raised.push(error.code);
        if (error instanceof BadRequestError) raised.push(error.code, error.param);
      });
    }
    return raised;
  },

  async models() {
    const names = [];
    for await (const one of client.models.list()) names.push(one.id);
    return names;
  },
};

const got = {};
for (const [name, program] of Object.entries(programs)) got[name] = await program();
process.stdout.write(JSON.stringify(got));
