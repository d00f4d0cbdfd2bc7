"""What markets and their users may see. Reads only; nothing here locks or writes."""
