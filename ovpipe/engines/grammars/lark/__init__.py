"""Rules of EBNF in Lark's form, as llguidance reads them."""
