"""The texts over which models are compared: prose of several languages, code, data, a dialogue."""

from __future__ import annotations

TEXTS = (
    "The lighthouse keeper climbed the narrow stairs every evening, lit the lamp, and wrote down the "
    "weather. In forty years he had missed a single night, when the storm of 1953 took the bridge "
    "and with it the only road between the village and the cape. People said that he talked to the "
    "gulls; he said that they answered.",
    "Water boils at 100 degrees Celsius at sea level, but at a lower temperature on a mountain, "
    "because the air there presses less on its surface. A cook in La Paz therefore needs more time "
    "for potatoes than one in Lima. A pressure cooker turns this round: inside it, water boils at "
    "about 120 degrees.",
    "def merge(left, right):\n    result = []\n    i = j = 0\n    while i < len(left) and j < "
    "len(right):\n        if left[i] <= right[j]:\n            result.append(left[i])\n            i "
    "+= 1\n        else:\n            result.append(right[j])\n            j += 1\n    return result "
    "+ left[i:] + right[j:]\n",
    '{"order": 4711, "customer": {"name": "Ada Lovelace", "city": "London"}, "items": [{"sku": '
    '"A-12", "count": 3,\n "price": 9.95}, {"sku": "B-07", "count": 1, "price": 120.0}], "paid": '
    'true, "notes": null}',
    "SELECT country, COUNT(*) AS orders, SUM(total) AS revenue FROM orders JOIN customers ON "
    "customers.id = orders.customer_id WHERE orders.created >= '2024-01-01' GROUP BY country ORDER "
    "BY revenue DESC LIMIT 10;",
    "User: My printer says that the paper is jammed, but I see none.\nAssistant: Open the flap at "
    "the back and look at the rollers; a small torn piece often stays there. Switch the printer off "
    "before you pull it out.\nUser: That was it, thank you!\nAssistant: Gladly. If it happens again, "
    "clean the rollers with a damp cloth.",
    "Der Zug hielt mitten auf der Strecke, und eine Weile sagte niemand etwas. Dann stand eine "
    "ältere Frau auf, öffnete das Fenster und rief dem Schaffner zu, ob man wenigstens die Aussicht "
    "genießen dürfe.",
    "La bibliothèque ferme à dix-huit heures, sauf le jeudi. Les livres empruntés doivent être "
    "rendus dans un délai de trois semaines ; au-delà, une amende de vingt centimes par jour est "
    "demandée.",
    "Весной река выходит из берегов, и дорога к мельнице на две недели уходит под воду. Тогда муку "
    "возят на лодках.",
    "春天的时候、河水涨得很高、通往磨坊的路要被淹两个星期。村里的人就用小船把面粉运出来。",
    "東京の朝は早い。始発の電車が動き出すころ、市場ではもう魚の競りが始まっている。",
    "في الصباح الباكر يفتح الخباز دكانه، وتنتشر رائحة الخبز في الحي كله.",
    "Let f(x) = x^3 - 3x + 1. Then f'(x) = 3x^2 - 3 vanishes at x = 1 and x = -1. Since f(-1) = 3 "
    "and f(1) = -1, the function has a local maximum of 3 and a local minimum of -1, and three real "
    "roots.",
    "#include <stdio.h>\n\nint main(void)\n{\n    for (int i = 1; i <= 20; i++) {\n        if (i % "
    '15 == 0)\n            puts("FizzBuzz");\n        else if (i % 5 == 0)\n            '
    'puts("Buzz");\n        else\n            printf("%d\\n", i);\n    }\n    return 0;\n}\n',
)
