"""What people put around a request."""

ASK = "[|please |can you |could you |now |hey, |ok, |i want you to |would you ]"
END = "[|.|!|?]"
Q = "[?|]"
HEY = "[|hey, |hi, |so |ok, |and |tell me, |please tell me: |quick question: ]"
