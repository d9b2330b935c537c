# expressions
